import { jest } from '@jest/globals';
import { ClockWatch } from '@app/process';
import { aRunner, lived } from '../../../../test/support/lived-tasks.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { closeSlots } from './close-slots.task.js';

/** A whole second of UNIX time, in milliseconds. */
const T = 1_766_000_000_000;

describe('closing slots', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('closes nothing before the database has answered for 5 s, so that workers store first what they have in hand', async () => {
    const { runner, closed, database } = await aRunnerOfIt();
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(6_000);
    expect(closed).toEqual([T + 5_700]);
    database.isAway = true;
    await jest.advanceTimersByTimeAsync(2_000);
    database.isAway = false;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(closed).toEqual([T + 5_700, T + 12_700, T + 13_700]);
    await runner.beforeApplicationShutdown();
  });

  it('closes and decides nothing while its clock is wrong', async () => {
    const { runner, closed, decided } = await aRunnerOfIt({ clockOffsetMs: 60_000 });
    await lived(runner, 20_000);
    expect({ closed, decided }).toEqual({ closed: [], decided: [] });
    const [state] = runner.states();
    expect(state).toMatchObject({ failuresInARow: 20, lastError: expect.stringContaining('60000 ms off') });
    expect(state?.lastSuccessAtMs).toBeUndefined();
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
    const { runner, removed } = await aRunnerOfIt({ overdue: [fetch] });
    await lived(runner, 6_000);
    expect(removed).toMatchObject([{ source: 'deribit', batch: 'btc_usd', slot: 60 }]);
  });

  it('takes the job of a fetch whose window is over out of the queue before it closes it', async () => {
    const fetch = { source: 'deribit', batch: 'btc_usd', slot: 90 };
    const { runner, removed } = await aRunnerOfIt({ expired: [fetch] });
    await lived(runner, 6_000);
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
    const { runner, log } = await aRunnerOfIt({ overdue: [fetch] });
    await lived(runner, 6_000);
    expect(log.of('slot_missed')).toMatchObject([
      { source: 'deribit', slot: 60, ticker: 'btc_usd', reason: 'not_taken' },
      { source: 'deribit', slot: 60, ticker: 'eth_usd', reason: 'not_taken' },
    ]);
  });
});

interface Surroundings {
  readonly overdue?: readonly object[];
  /** Fetches whose window is over and that nobody has begun. */
  readonly expired?: readonly object[];
  /** How far the database's clock is from the process's. */
  readonly clockOffsetMs?: number;
}

/** The task, run; its surroundings note when they were asked. */
async function aRunnerOfIt({ overdue = [], expired = [], clockOffsetMs = 0 }: Surroundings = {}) {
  const log = createLogBook();
  const closed: number[] = [];
  const decided: number[] = [];
  const removed: object[] = [];
  const database = { isAway: false };
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
  } as never;
  const queues = { remove: async (fetches: readonly object[]) => void removed.push(...fetches) } as never;
  const clock = new ClockWatch(async () => Date.now() + clockOffsetMs);
  await clock.measure();
  const runner = aRunner([closeSlots({ closer, queues, clock, logger: log.logger, now: Date.now })], log);
  return { runner, closed, decided, removed, database, log };
}
