import { jest } from '@jest/globals';
import { ClockWatch, MAX_CLOCK_OFFSET_MS } from './clock-watch.js';

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

  describe('heard by others', () => {
    let databaseMs: () => Promise<number>;
    let verdicts: boolean[];
    let watch: ClockWatch;
    let stop: () => void;

    beforeEach(() => {
      databaseMs = async () => NOW_MS;
      verdicts = [];
      watch = new ClockWatch(
        () => databaseMs(),
        () => NOW_MS,
      );
      stop = watch.onMeasured((isTrue) => verdicts.push(isTrue));
    });

    test('tells a verdict after each measurement, as the clock goes wrong and right again', async () => {
      await watch.measure();
      databaseMs = async () => NOW_MS - 60_000;
      await watch.measure();
      databaseMs = async () => NOW_MS;
      await watch.measure();
      expect(verdicts).toEqual([true, false, true]);
    });

    test('is silent while the database is away, and speaks again when it is back', async () => {
      databaseMs = () => Promise.reject(new Error('away'));
      await expect(watch.measure()).rejects.toThrow('away');
      expect(verdicts).toEqual([]);
      databaseMs = async () => NOW_MS;
      await watch.measure();
      expect(verdicts).toEqual([true]);
    });

    test('says nothing after it was stopped, not even about a question that was under way', async () => {
      const { promise, resolve } = Promise.withResolvers<number>();
      databaseMs = () => promise;
      const measuring = watch.measure();
      stop();
      resolve(NOW_MS);
      await measuring;
      expect(verdicts).toEqual([]);
    });
  });
});
