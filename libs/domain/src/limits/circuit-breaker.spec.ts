import fc from 'fast-check';
import {
  afterFailure,
  afterSuccess,
  FAILING_FOR_MS,
  FAILURES_TO_OPEN,
  HEALTHY,
  restOf,
  type CallFailure,
  type SourceHealth,
} from './circuit-breaker.js';
import { SOURCE_ERROR_KINDS, type SourceErrorKind } from '../reason.js';

const T = 1_766_000_000_000;
const MINUTE = 60_000;

function failure(kind: SourceErrorKind, over: Partial<CallFailure> = {}): CallFailure {
  return { kind, batch: 'a', atMs: T, windowSeconds: 15, isProbe: false, batches: 3, othersAnswer: true, ...over };
}

/** Failures one after the other, so many milliseconds apart. */
function failing(
  kinds: readonly SourceErrorKind[],
  apartMs = FAILING_FOR_MS,
  over: Partial<CallFailure> = {},
): SourceHealth {
  return kinds.reduce(
    (health, kind, index) => afterFailure(health, failure(kind, { atMs: T + index * apartMs, ...over }), 1),
    HEALTHY,
  );
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe('a source that does not answer', () => {
  const transient = ['unavailable', 'timeout', 'malformed'] as const;

  it.each(transient)(
    'stays in play for fewer than five failures of kind %s, and the fifth opens its circuit',
    (kind) => {
      expect(failing(times(FAILURES_TO_OPEN - 1, kind)).circuitOpenUntilMs).toBeUndefined();
      const health = failing(times(FAILURES_TO_OPEN, kind));
      expect(health).toMatchObject({ circuitReason: kind, circuitOpenings: 1, failures: FAILURES_TO_OPEN });
      expect(health.circuitOpenUntilMs).toBe(T + (FAILURES_TO_OPEN - 1) * FAILING_FOR_MS + 30_000);
    },
  );

  it('has its circuit opened by failures of different kinds in different batches', () => {
    const health = ['unavailable', 'timeout', 'malformed', 'timeout', 'unavailable'].reduce(
      (before, kind, index) =>
        afterFailure(before, failure(kind as SourceErrorKind, { batch: `b${index}`, atMs: T + index * 2_000 }), 1),
      HEALTHY,
    );
    expect(health.circuitReason).toBe('unavailable');
  });

  it('keeps its circuit closed for a hiccup that thirty calls meet at once', () => {
    const health = failing(times(30, 'unavailable'), 1);
    expect(health).toMatchObject({ failures: 30, circuitOpenUntilMs: undefined });
  });

  it('has its circuit opened when what failed at once fails again five seconds later', () => {
    const health = afterFailure(
      failing(times(30, 'unavailable'), 1),
      failure('timeout', { atMs: T + FAILING_FOR_MS }),
      1,
    );
    expect(health.circuitReason).toBe('timeout');
  });

  it('begins to count anew after a success', () => {
    const four = failing(times(4, 'timeout'));
    expect(failing(times(4, 'timeout')).failures).toBe(4);
    const health = afterFailure(afterSuccess(four, T), failure('timeout', { atMs: T + MINUTE }), 1);
    expect(health).toMatchObject({ failures: 1, failingSinceMs: T + MINUTE, circuitOpenUntilMs: undefined });
  });

  it.each([
    [15, [30, 60, 120, 240, 480, 600, 600]],
    [5, [10, 20, 40, 80, 160, 200, 200]],
    [1, [2, 4, 8, 16, 32, 40, 40]],
  ])('with a window of %i s has its circuit open for %j s when its probes fail', (windowSeconds, seconds) => {
    let health = failing(times(FAILURES_TO_OPEN, 'unavailable'), FAILING_FOR_MS, { windowSeconds });
    let atMs = T + (FAILURES_TO_OPEN - 1) * FAILING_FOR_MS;
    for (const expected of seconds) {
      expect((health.circuitOpenUntilMs ?? 0) - atMs).toBe(expected * 1000);
      atMs = health.circuitOpenUntilMs ?? 0;
      health = afterFailure(health, failure('unavailable', { atMs, windowSeconds, isProbe: true }), 1);
    }
  });

  it('has its circuit open no longer than at first while no other source answers either: the network may be ours that is away', () => {
    let health = failing(times(FAILURES_TO_OPEN, 'unavailable'), FAILING_FOR_MS, { othersAnswer: false });
    let atMs = T + (FAILURES_TO_OPEN - 1) * FAILING_FOR_MS;
    for (let count = 0; count < 9; count += 1) {
      expect((health.circuitOpenUntilMs ?? 0) - atMs).toBe(30_000);
      atMs = health.circuitOpenUntilMs ?? 0;
      health = afterFailure(health, failure('unavailable', { atMs, isProbe: true, othersAnswer: false }), 1);
    }
    // Somebody answers again, and this one still does not.
    atMs = health.circuitOpenUntilMs ?? 0;
    health = afterFailure(health, failure('unavailable', { atMs, isProbe: true }), 1);
    expect((health.circuitOpenUntilMs ?? 0) - atMs).toBe(MINUTE);
  });

  it('has its circuit closed by a success', () => {
    const health = afterSuccess(failing(times(9, 'timeout')), T + MINUTE);
    expect(health).toEqual({ ...HEALTHY, lastFailureKind: 'timeout' });
  });

  it('stays open no longer for calls that were under way when it opened', () => {
    const health = failing(times(FAILURES_TO_OPEN, 'timeout'));
    const after = afterFailure(health, failure('timeout', { atMs: (health.circuitOpenUntilMs ?? 0) - 1 }), 1);
    expect(after.circuitOpenUntilMs).toBe(health.circuitOpenUntilMs);
    expect(after.circuitOpenings).toBe(1);
  });
});

describe('a source that refuses us', () => {
  it.each(['unauthorized', 'forbidden_region'] as const)(
    'has its circuit open for ten minutes when it says %s twice',
    (kind) => {
      expect(failing([kind]).circuitOpenUntilMs).toBeUndefined();
      const health = failing([kind, kind], 10);
      expect(health).toMatchObject({ circuitReason: kind, circuitOpenUntilMs: T + 10 + 10 * MINUTE });
    },
  );

  it('has its circuit open for at most six hours', () => {
    let health = failing(['unauthorized', 'unauthorized'], 0);
    let atMs = T;
    const minutes: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      minutes.push(((health.circuitOpenUntilMs ?? 0) - atMs) / MINUTE);
      atMs = health.circuitOpenUntilMs ?? 0;
      health = afterFailure(health, failure('unauthorized', { atMs, isProbe: true }), 1);
    }
    expect(minutes).toEqual([10, 20, 40, 80, 160, 320, 360, 360, 360]);
  });

  it('keeps its circuit closed for one refusal after other failures', () => {
    expect(failing(['timeout', 'unauthorized']).circuitOpenUntilMs).toBeUndefined();
    expect(failing(['timeout', 'unauthorized', 'unauthorized']).circuitReason).toBe('unauthorized');
  });

  it('keeps its circuit closed when somebody else had an answer in between', () => {
    const health = afterSuccess(failing(['unauthorized']), T);
    expect(afterFailure(health, failure('unauthorized'), 1).circuitOpenUntilMs).toBeUndefined();
  });
});

describe.each(['not_found', 'drift'] as const)('a source that says %s', (kind) => {
  it('keeps its circuit closed for one ticker that it does not know, however often that is asked for', () => {
    expect(failing(times(100, kind))).toMatchObject({ failures: 1, circuitOpenUntilMs: undefined });
  });

  it('has its circuit opened when every batch meets it', () => {
    const health = ['a', 'b', 'c'].reduce(
      (before, batch, index) => afterFailure(before, failure(kind, { batch, atMs: T + index * MINUTE }), 1),
      HEALTHY,
    );
    expect(health).toMatchObject({ circuitReason: kind, circuitOpenUntilMs: T + 2 * MINUTE + 30_000 });
  });

  it('has its circuit opened when five of very many batches meet it', () => {
    const health = ['a', 'b', 'c', 'd', 'e'].reduce(
      (before, batch, index) =>
        afterFailure(before, failure(kind, { batch, atMs: T + index * MINUTE, batches: 900 }), 1),
      HEALTHY,
    );
    expect(health.circuitReason).toBe(kind);
  });

  it('has its circuit closed when it was not to be reached before', () => {
    const unreachable = failing(times(FAILURES_TO_OPEN, 'timeout'));
    const health = afterFailure(unreachable, failure(kind, { isProbe: true, atMs: T + MINUTE }), 1);
    expect(health).toMatchObject({ circuitOpenUntilMs: undefined, failures: 1 });
  });
});

describe('a source that asks to be left alone', () => {
  it.each([
    [0, 1],
    [1, 1],
    [119, 119],
    [3_600, 3_600],
    [86_400, 3_600],
  ])('is paused as it asks, an hour at most: %i s gives %i s', (retryAfterSeconds, seconds) => {
    expect(afterFailure(HEALTHY, failure('rate_limited', { retryAfterSeconds }), 1)).toMatchObject({
      pausedUntilMs: T + seconds * 1000,
      failures: 0,
      circuitOpenUntilMs: undefined,
    });
  });

  it('is paused for a minute when it does not say how long, and longer each time it repeats that', () => {
    let health = HEALTHY;
    let atMs = T;
    const seconds: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      health = afterFailure(health, failure('rate_limited', { atMs }), 1);
      seconds.push(((health.pausedUntilMs ?? 0) - atMs) / 1000);
      atMs = health.pausedUntilMs ?? 0;
    }
    expect(seconds).toEqual([60, 120, 240, 480, 900, 900, 900]);
  });

  it('is paused for a minute again after a success', () => {
    const paused = failing(['rate_limited', 'rate_limited'], 2 * MINUTE);
    const health = afterSuccess(paused, T + 10 * MINUTE);
    expect(health).toEqual({ ...HEALTHY, lastFailureKind: 'rate_limited' });
  });

  it('stays paused when a call that was under way is answered', () => {
    const health = afterSuccess(afterFailure(HEALTHY, failure('rate_limited'), 1), T + 1_000);
    expect(health.pausedUntilMs).toBe(T + MINUTE);
  });

  it('is paused once for calls that were refused together, as long as the longest of them asks', () => {
    let health = afterFailure(HEALTHY, failure('rate_limited', { retryAfterSeconds: 2 }), 1);
    for (const retryAfterSeconds of [undefined, 9, 3]) {
      health = afterFailure(health, failure('rate_limited', { retryAfterSeconds, atMs: T + 100 }), 1);
    }
    expect(health).toMatchObject({ pausedUntilMs: T + 9_100, pauses: 1 });
  });
});

describe('whether a source may be asked', () => {
  it.each([
    [undefined, undefined, undefined],
    [T, T, undefined],
    [T + 1, undefined, { reason: 'paused', untilMs: T + 1 }],
    [undefined, T + 1, { reason: 'circuit_open', untilMs: T + 1 }],
    [T + 9, T + 1, { reason: 'circuit_open', untilMs: T + 9 }],
    [T + 9, T - 1, { reason: 'paused', untilMs: T + 9 }],
  ])('paused until %s and with an open circuit until %s gives %j', (pausedUntilMs, circuitOpenUntilMs, rest) => {
    expect(restOf({ pausedUntilMs, circuitOpenUntilMs }, T)).toEqual(rest);
  });
});

describe('whatever happens to a source', () => {
  const event = fc.record({
    isSuccess: fc.boolean(),
    kind: fc.constantFrom(...SOURCE_ERROR_KINDS),
    batch: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.nat(120_000),
    retryAfterSeconds: fc.option(fc.nat(100_000), { nil: undefined }),
    windowSeconds: fc.integer({ min: 1, max: 15 }),
    othersAnswer: fc.boolean(),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('it rests for six hours at most, is asked again after that, and is forgiven by one success', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let health: SourceHealth = HEALTHY;
        let atMs = T;
        for (const { isSuccess, afterMs, random, ...rest } of events) {
          atMs += afterMs;
          const isProbe = health.circuitOpenUntilMs !== undefined && restOf(health, atMs) === undefined;
          health = isSuccess
            ? afterSuccess(health, atMs)
            : afterFailure(health, { ...rest, atMs, isProbe, batches: 3 }, random);
          expect((restOf(health, atMs)?.untilMs ?? atMs) - atMs).toBeLessThanOrEqual(6 * 3_600_000);
          expect(health.failingBatches.length).toBeLessThanOrEqual(FAILURES_TO_OPEN);
          expect(health.circuitReason === undefined).toBe(health.circuitOpenUntilMs === undefined);
        }
        expect(restOf(afterSuccess(health, atMs + 7 * 3_600_000), atMs + 7 * 3_600_000)).toBeUndefined();
      }),
    );
  });

  it('a batch that fails alone opens no circuit for the others while one of them succeeds', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let health: SourceHealth = HEALTHY;
        for (const { random, ...rest } of events) {
          if (rest.kind === 'rate_limited') continue;
          health = afterFailure(health, { ...rest, atMs: T, isProbe: false, batches: 3 }, random);
          expect(health.circuitOpenUntilMs).toBeUndefined();
          health = afterSuccess(health, T);
        }
      }),
    );
  });
});
