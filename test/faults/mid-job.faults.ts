import { eventually } from '../support/processes.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { TestSystem } from '../support/test-system.js';

/** What a killed worker had in hand is re-run or recorded within this, in milliseconds. */
const TAKEN_OVER_WITHIN_MS = 5_000;

const stores = redisServerName() === undefined ? (['postgres'] as const) : (['redis', 'postgres'] as const);
if (stores.length === 1)
  process.stderr.write('No redis-server on the PATH: "a worker killed in mid-call, on redis" does NOT run.\n');

interface FetchRow {
  readonly slot: number;
  readonly status: string;
  readonly attempts: number;
  readonly sample: string | null;
}

describe.each(stores)('a worker killed in mid-call, with the queue on %s', (store) => {
  let postgres: PostgresProcess;
  let redis: RedisProcess | undefined;
  let system: TestSystem;

  beforeAll(async () => {
    postgres = await PostgresProcess.start();
    redis = store === 'redis' ? await RedisProcess.start() : undefined;
    system = await TestSystem.prepare({ databaseUrl: postgres.url, queueUrl: redis?.url, intervalSeconds: 15 });
  });

  afterAll(async () => {
    await system?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  it('has its call made again, or its loss recorded, within 5 s of another worker being there', async () => {
    await inject({ source: 'deribit', ticker: 'btc_usd', kind: 'hang', seconds: 120 });
    await system.start('scheduler');
    await system.start('worker', 'worker-1');
    const before = await eventually('a call that hangs', 40_000, () => fetchInHand());
    expect(before).toMatchObject({ status: 'running', sample: null });
    await system.end('worker-1', 'SIGKILL');
    await fetch(`${system.simulatorUrl}/simulator/faults`, { method: 'DELETE' });

    await system.start('worker', 'worker-2');
    await eventually('the other worker to take jobs', 20_000, () =>
      system.lines('worker-2').find((line) => line.event === 'started'),
    );
    const since = performance.now();
    const after = await eventually('an outcome', 2 * TAKEN_OVER_WITHIN_MS, async () => {
      const row = await readFetch(before.slot);
      return row?.sample == null ? undefined : row;
    });
    process.stderr.write(
      `${store}: taken over after ${Math.round(performance.now() - since)} ms: ${after.sample}, attempt ${after.attempts}\n`,
    );
    expect(performance.now() - since).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    expect(['answered', 'closed']).toContain(after.status);
    expect(['accepted', 'lost']).toContain(after.sample);
  });

  async function inject(fault: object): Promise<void> {
    const response = await fetch(`${system.simulatorUrl}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    expect(response.status).toBe(201);
  }

  /** The newest fetch of btc_usd, while a worker has it in hand and has begun its first call. */
  async function fetchInHand(): Promise<FetchRow | undefined> {
    const row = await readFetch(undefined);
    return row?.status === 'running' && row.attempts === 1 ? row : undefined;
  }

  async function readFetch(slot: number | undefined): Promise<FetchRow | undefined> {
    const result = await system.pool.query<FetchRow>(
      `SELECT f.slot, f.status, f.attempts, coalesce(s.reason, s.outcome) AS sample
       FROM fetches f JOIN tickers t ON t.ticker = f.batch LEFT JOIN samples s ON s.ticker_id = t.id AND s.slot = f.slot
       WHERE f.batch = 'btc_usd' AND ($1::bigint IS NULL OR f.slot = $1) ORDER BY f.slot DESC LIMIT 1`,
      [slot],
    );
    return result.rows[0];
  }
});
