import { jest } from '@jest/globals';
import { ClockWatch } from '@app/observability';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { Clockwork } from './close-slots.task.js';

/** A whole second of UNIX time, in milliseconds. */
const T = 1_766_000_000_000;

describe('what happens by the clock in a scheduler', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('wakes the planner in every second in which the queue has not', async () => {
    const { clockwork, passes } = aClockwork();
    await lived(clockwork, 3_000);
    expect(passes).toEqual([T + 300, T + 1_300, T + 2_300]);
  });

  it('leaves the planner alone in a second in which the queue has woken it', async () => {
    const { clockwork, passes, planner } = aClockwork();
    clockwork.onApplicationBootstrap();
    planner.lastPassAtMs = T + 5;
    await jest.advanceTimersByTimeAsync(900);
    expect(passes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(passes).toEqual([T + 1_300]);
    await clockwork.beforeApplicationShutdown();
  });

  it('makes sure that the queue wakes it, at once and when it was forgotten, but not in every second', async () => {
    const { clockwork, restored } = aClockwork();
    await lived(clockwork, 12_000);
    expect(restored).toEqual([T, T + 5_300, T + 10_300]);
  });

  it('goes on without the queue', async () => {
    const { clockwork, passes, log } = aClockwork({ queueAnswers: () => Promise.reject(new Error('refused')) });
    await lived(clockwork, 2_000);
    expect(passes).toHaveLength(2);
    expect(log.of('queue_unavailable')).toHaveLength(1);
  });

  it('starts and goes on while the queue store hangs', async () => {
    const { clockwork, passes } = aClockwork({ queueAnswers: () => new Promise(() => undefined) });
    clockwork.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(12_000);
    expect(passes).toHaveLength(12);
  });

  it('lets the process start while the queue store hangs', async () => {
    const { clockwork } = aClockwork({ queueAnswers: () => new Promise(() => undefined) });
    expect(clockwork.onApplicationBootstrap()).toBeUndefined();
    await jest.advanceTimersByTimeAsync(100);
  });

  it('closes nothing before the database has answered for 5 s, so that workers store first what they have in hand', async () => {
    const { clockwork, closed, database } = aClockwork();
    clockwork.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(6_000);
    expect(closed).toEqual([T + 5_700]);
    database.isAway = true;
    await jest.advanceTimersByTimeAsync(2_000);
    database.isAway = false;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(closed).toEqual([T + 5_700, T + 12_700, T + 13_700]);
    await clockwork.beforeApplicationShutdown();
  });

  it('closes and decides nothing while its clock is wrong', async () => {
    const { clockwork, closed, decided } = aClockwork({ clockOffsetMs: 60_000 });
    await lived(clockwork, 20_000);
    expect({ closed, decided }).toEqual({ closed: [], decided: [] });
  });

  it('takes the job of a fetch that it closed out of the queue', async () => {
    const fetch = {
      source: 'deribit',
      batch: 'btc_usd',
      slot: 60,
      tickers: [],
      outcome: 'missed',
      reason: 'not_taken',
    };
    const { clockwork, removed } = aClockwork({ overdue: [fetch] });
    await lived(clockwork, 6_000);
    expect(removed).toMatchObject([{ source: 'deribit', batch: 'btc_usd', slot: 60 }]);
  });

  it('takes the job of a fetch whose window is over out of the queue before it closes it', async () => {
    const fetch = { source: 'deribit', batch: 'btc_usd', slot: 90 };
    const { clockwork, removed } = aClockwork({ expired: [fetch] });
    await lived(clockwork, 6_000);
    expect(removed[0]).toEqual(fetch);
  });

  it('says of every ticker why its slot was closed', async () => {
    const fetch = {
      source: 'deribit',
      slot: 60,
      tickers: ['btc_usd', 'eth_usd'],
      outcome: 'missed',
      reason: 'not_taken',
    };
    const { clockwork, log } = aClockwork({ overdue: [fetch] });
    await lived(clockwork, 6_000);
    expect(log.of('slot_missed')).toMatchObject([
      { source: 'deribit', slot: 60, ticker: 'btc_usd', reason: 'not_taken' },
      { source: 'deribit', slot: 60, ticker: 'eth_usd', reason: 'not_taken' },
    ]);
  });

  it('keeps house every minute: partitions first, so that a queue that is away keeps none from being made', async () => {
    const { clockwork, housekeeping, log } = aClockwork({ clean: () => Promise.reject(new Error('refused')) });
    await lived(clockwork, 120_000);
    expect(housekeeping).toEqual(['partitions', 'queue', 'partitions', 'queue']);
    expect(log.of('clockwork_failed')).toHaveLength(2);
  });

  it('makes partitions minute by minute while the queue store hangs', async () => {
    const { clockwork, housekeeping } = aClockwork({ clean: () => new Promise(() => undefined) });
    clockwork.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(housekeeping.filter((what) => what === 'partitions')).toHaveLength(3);
  });

  it('ends soon although the queue store was never reached and a cleaning is under way', async () => {
    const { clockwork } = aClockwork({ reached: () => new Promise(() => undefined) });
    clockwork.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(60_000);
    const ended = clockwork.beforeApplicationShutdown().then(() => 'ended');
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await Promise.race([ended, Promise.resolve('hangs')])).toBe('ended');
  });

  it('does nothing more after its end', async () => {
    const { clockwork, passes, closed } = aClockwork();
    await lived(clockwork, 2_000);
    const before = [passes.length, closed.length];
    await jest.advanceTimersByTimeAsync(20_000);
    expect([passes.length, closed.length]).toEqual(before);
  });
});

async function lived(clockwork: Clockwork, forMs: number): Promise<void> {
  clockwork.onApplicationBootstrap();
  await jest.advanceTimersByTimeAsync(forMs);
  await clockwork.beforeApplicationShutdown();
}

interface Surroundings {
  readonly queueAnswers?: () => Promise<unknown>;
  readonly clean?: () => Promise<unknown>;
  /** Whether the queue store has been reached: resolves when it has. */
  readonly reached?: () => Promise<unknown>;
  readonly overdue?: readonly object[];
  /** Fetches whose window is over and that nobody has begun. */
  readonly expired?: readonly object[];
  /** How far the database's clock is from the process's. */
  readonly clockOffsetMs?: number;
}

/** A clockwork whose surroundings note when they were asked. */
function aClockwork({
  queueAnswers = async () => undefined,
  clean = async () => undefined,
  reached = async () => undefined,
  overdue = [],
  expired = [],
  clockOffsetMs = 0,
}: Surroundings = {}) {
  const log = createLogBook();
  const passes: number[] = [];
  const restored: number[] = [];
  const closed: number[] = [];
  const decided: number[] = [];
  const removed: object[] = [];
  const housekeeping: string[] = [];
  const database = { isAway: false };
  const planner = {
    lastPassAtMs: 0,
    pass: async (nominalMs: number) => {
      passes.push(nominalMs);
      planner.lastPassAtMs = nominalMs;
    },
    enqueued: async () => undefined,
  };
  const plannerQueue = {
    waitUntilReady: reached,
    upsertJobScheduler: () => {
      restored.push(Date.now());
      return queueAnswers();
    },
    // As BullMQ does: it waits for its first connection without an end.
    clean: async () => {
      await reached();
      housekeeping.push('queue');
      return clean();
    },
  };
  const closer = {
    expiredUnbegun: async () => {
      if (database.isAway) throw new Error('connection refused');
      return expired;
    },
    decideExpired: async () => {
      if (database.isAway) throw new Error('connection refused');
      decided.push(Date.now());
      return [];
    },
    closeOverdue: async () => {
      closed.push(Date.now());
      return overdue;
    },
  };
  // Every partition is there already; what is asked tells that they were looked for.
  const connection = { query: async () => ({ rowCount: 1, rows: [] }), release: () => housekeeping.push('partitions') };
  const pool = { connect: async () => connection };
  const clock = new ClockWatch(async () => Date.now() + clockOffsetMs);
  const queues = {
    planner: plannerQueue,
    all: () => [plannerQueue],
    remove: async (fetches: readonly object[]) => void removed.push(...fetches),
  };
  const clockwork = new Clockwork(planner as never, queues as never, closer as never, clock, pool as never, log.logger);
  return { clockwork, planner, passes, restored, closed, decided, removed, housekeeping, database, log };
}
