import { jest } from '@jest/globals';
import { ClockWatch, MAX_CLOCK_OFFSET_MS, type ClockOffset } from './clock-watch.js';

const NOW_MS = 1_766_000_000_000;

function clockAhead(offsetMs: number): ClockWatch {
  return new ClockWatch(
    async () => NOW_MS - offsetMs,
    () => NOW_MS,
  );
}

describe('the watch over the clock', () => {
  test('knows no offset and trusts no clock before the first measurement', () => {
    expect(clockAhead(0).offset()).toBeUndefined();
    expect(clockAhead(0).isTrue()).toBe(false);
  });

  test.each([3_600_000, -3_600_000, 1_000, -1_000])(
    'finds a clock that is %i ms ahead, and does not trust it',
    async (offsetMs) => {
      const watch = clockAhead(offsetMs);
      const measured = await watch.measure();
      expect(Math.abs(measured.offsetMs - offsetMs)).toBeLessThanOrEqual(measured.roundTripMs / 2 + 1);
      expect(watch.offset()).toBe(measured);
      expect(watch.isTrue()).toBe(false);
    },
  );

  test.each([0, 200, -200])('trusts a clock that is %i ms ahead', async (offsetMs) => {
    const watch = clockAhead(offsetMs);
    await watch.measure();
    expect(watch.isTrue()).toBe(true);
  });

  test('takes the middle of the question as the moment of the answer', async () => {
    let tick = 0;
    const performanceNow = jest.spyOn(performance, 'now').mockImplementation(() => (tick += 400));
    try {
      const watch = new ClockWatch(
        async () => NOW_MS + 200,
        () => NOW_MS,
      );
      expect(await watch.measure()).toEqual({ offsetMs: 0, roundTripMs: 400 });
    } finally {
      performanceNow.mockRestore();
    }
  });

  test('a slow answer is given the benefit of its own uncertainty, and no more', async () => {
    let tick = 0;
    const performanceNow = jest.spyOn(performance, 'now').mockImplementation(() => (tick += 400));
    const measured = async (offsetMs: number): Promise<boolean> => {
      const watch = new ClockWatch(
        async () => NOW_MS + 200 - offsetMs,
        () => NOW_MS,
      );
      await watch.measure();
      return watch.isTrue();
    };
    try {
      expect(await measured(MAX_CLOCK_OFFSET_MS + 200)).toBe(true);
      expect(await measured(MAX_CLOCK_OFFSET_MS + 201)).toBe(false);
      expect(await measured(-MAX_CLOCK_OFFSET_MS - 200)).toBe(true);
      expect(await measured(-MAX_CLOCK_OFFSET_MS - 201)).toBe(false);
    } finally {
      performanceNow.mockRestore();
    }
  });

  test('a measurement that fails is thrown and leaves the last one standing', async () => {
    let isAway = false;
    const watch = new ClockWatch(
      async () => {
        if (isAway) throw new Error('away');
        return NOW_MS;
      },
      () => NOW_MS,
    );
    const measured = await watch.measure();
    isAway = true;
    await expect(watch.measure()).rejects.toThrow('away');
    expect(watch.offset()).toBe(measured);
    expect(watch.isTrue()).toBe(true);
  });

  describe('while it goes on', () => {
    let databaseMs: () => Promise<number>;
    let verdicts: boolean[];
    let stop: () => void;

    function begin(
      onVerdict: (isTrue: boolean, offset: ClockOffset) => void = (isTrue) => verdicts.push(isTrue),
    ): void {
      stop = new ClockWatch(
        () => databaseMs(),
        () => NOW_MS,
      ).watch(2_000, onVerdict);
    }

    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['performance', 'nextTick', 'queueMicrotask'] });
      databaseMs = async () => NOW_MS;
      verdicts = [];
    });
    afterEach(() => {
      stop();
      jest.useRealTimers();
    });

    test('tells a verdict after each measurement, as the clock goes wrong and right again', async () => {
      begin();
      await jest.advanceTimersByTimeAsync(2_000);
      databaseMs = async () => NOW_MS - 60_000;
      await jest.advanceTimersByTimeAsync(2_000);
      databaseMs = async () => NOW_MS;
      await jest.advanceTimersByTimeAsync(2_000);
      expect(verdicts).toEqual([true, false, true]);
    });

    test('is silent while the database is away, and speaks again when it is back', async () => {
      begin();
      databaseMs = () => Promise.reject(new Error('away'));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(verdicts).toEqual([]);
      databaseMs = async () => NOW_MS;
      await jest.advanceTimersByTimeAsync(2_000);
      expect(verdicts).toEqual([true]);
    });

    test('asks one question at a time', async () => {
      let asked = 0;
      databaseMs = () => {
        asked += 1;
        return new Promise(() => undefined);
      };
      begin();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(asked).toBe(1);
    });

    test('says nothing after it was stopped, not even about a question that was under way', async () => {
      let answer: (ms: number) => void = () => undefined;
      databaseMs = () => new Promise((resolve) => (answer = resolve));
      begin();
      await jest.advanceTimersByTimeAsync(2_000);
      stop();
      answer(NOW_MS);
      await jest.advanceTimersByTimeAsync(10_000);
      expect(verdicts).toEqual([]);
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});
