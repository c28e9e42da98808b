import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';
import { UniqueUpstream, type LoggedCall } from './support/unique-upstream.js';

/** For so many seconds the system samples: TEST_SAMPLING_SECONDS makes a longer run of the same. What is late on a busy machine takes longer. */
const SAMPLING_SECONDS = Number(process.env.TEST_SAMPLING_SECONDS ?? 25);

/** How long that and the start may take on whatever machine, in milliseconds. */
const LIMIT_MS = 180_000 + SAMPLING_SECONDS * 4_000;

/** How many prices there must be of each name before the system is ended. */
const ENOUGH = new Map([
  ['btc_usd', SAMPLING_SECONDS],
  ...['eth_usd', 'ethereum', 'solana', 'cardano'].map((name) => [name, Math.floor(SAMPLING_SECONDS / 7)] as const),
]);

/** What becomes of a fetch for which a machine has no time. */
const TOO_BUSY: readonly string[] = ['late', 'overload', 'not_taken', 'timeout'];

/** Slots that are this old when the system is ended are closed, in seconds: a window, its grace, and some for whoever closes them. */
const CLOSED_AFTER_SECONDS = 18;

/** The offset of a clock that is still permitted; prices carry the time of a clock that may be off by so much. */
const PERMITTED_OFFSET_MS = 250;

const CATALOGUE = `
tickers:
  - { ticker: btc_usd, interval_seconds: 1, sources: [deribit] }
  - { ticker: eth_usd, interval_seconds: 7, sources: [deribit, coingecko] }
  - { ticker: sol_usd, interval_seconds: 7, sources: [{ source: coingecko, batch: majors }] }
  - { ticker: ada_usd, interval_seconds: 7, sources: [{ source: coingecko, batch: majors }] }
`;

interface StoredFetch {
  readonly source: 'deribit' | 'coingecko';
  readonly names: string;
  readonly batch: string;
  readonly slot: number;
  readonly status: string;
  readonly attempts: number;
}

interface StoredSample {
  readonly source: string;
  readonly name: string;
  readonly slot: number;
  readonly windowSeconds: number;
  readonly raw: string;
  readonly price: string;
  readonly served: string;
}

const stores = process.env.TEST_REDIS_URL === undefined ? (['postgres'] as const) : (['redis', 'postgres'] as const);
if (stores.length === 1)
  process.stderr.write('TEST_REDIS_URL is not set: "two schedulers and three workers on redis" does NOT run.\n');

describe.each(stores)('two schedulers and three workers on %s, with clocks up to 200 ms apart', (store) => {
  let database: TestDatabase;
  let upstream: UniqueUpstream;
  let system: TestSystem;
  let fetches: StoredFetch[];
  let samples: StoredSample[];

  beforeAll(async () => {
    database = await createTestDatabase();
    upstream = await UniqueUpstream.start();
    system = await TestSystem.prepare({
      databaseUrl: database.url,
      queueUrl: store === 'redis' ? process.env.TEST_REDIS_URL : undefined,
      catalogue: CATALOGUE,
      sourceUrls: upstream.sourceUrls,
    });
    await system.start('scheduler', 'scheduler-1', 200);
    await system.start('scheduler', 'scheduler-2', -200);
    await system.start('worker', 'worker-1', 200);
    await system.start('worker', 'worker-2', -200);
    await system.start('worker', 'worker-3', 0);
    // The longer it runs, the more there is to be found wrong.
    await eventually('enough prices of each name', LIMIT_MS, async () => {
      const { rows } = await database.pool.query<StoredSample>(SAMPLES_SQL);
      const stored = countBy(rows, ({ name }) => name);
      return [...ENOUGH].every(([name, least]) => (stored.get(name) ?? 0) >= least) || undefined;
    });
    // Schedulers first: nothing new is planned while the workers finish what is in hand.
    for (const name of ['scheduler-1', 'scheduler-2', 'worker-1', 'worker-2', 'worker-3'])
      await system.end(name, 'SIGTERM');
    fetches = (await database.pool.query<StoredFetch>(FETCHES_SQL)).rows;
    samples = (await database.pool.query<StoredSample>(SAMPLES_SQL)).rows;
  }, LIMIT_MS + 30_000);

  afterAll(async () => {
    await system?.stop();
    await upstream?.stop();
    await database?.drop();
  }, 30_000);

  it('calls each source once for each attempt of a fetch row, and never without one', () => {
    const key = ({ source, names }: { source: string; names: string }): string => `${source} ${names}`;
    const called = countBy(upstream.calls, key);
    expect(called.size).toBe(4);
    // One that was taken too late was ended without its call. On a machine with time to spare there is none.
    for (const [name, ofName] of Map.groupBy(fetches, key)) {
      const [closed, others] = [true, false].map((isClosed) =>
        ofName.filter((one) => (one.status === 'closed') === isClosed),
      );
      const least = sumOfAttempts(others);
      expect(called.get(name)).toBeGreaterThanOrEqual(least);
      expect(called.get(name)).toBeLessThanOrEqual(least + sumOfAttempts(closed));
    }
  });

  it('attempts a fetch again only when a worker says why', () => {
    const said = system.lines('worker').filter(({ event }) => event === 'fetch_retried' || event === 'job_stalled');
    const again = fetches.filter(({ attempts }) => attempts !== 1).map(({ batch, slot }) => `${batch}-${slot}`);
    expect(said.map(({ job }) => job)).toEqual(expect.arrayContaining(again));
    // On a machine with time to spare there is none; more than a few are no accident.
    expect(again.length).toBeLessThanOrEqual(fetches.length / 5);
  });

  it('samples every ticker', () => {
    const served = countBy(samples, ({ name }) => name);
    expect([...served.keys()].sort()).toEqual([...ENOUGH.keys()].sort());
    for (const [name, least] of ENOUGH) expect(served.get(name)).toBeGreaterThanOrEqual(least);
    expect(served.get('cardano')).toBe(served.get('solana'));
  });

  it('has a price for every second of btc_usd, or a reason why the machine was too busy', async () => {
    const { rows } = await database.pool.query<{ slot: number; reason: string | null }>(UNPRICED_SQL, [
      CLOSED_AFTER_SECONDS,
    ]);
    if (rows.length > 0) process.stderr.write(`${store}: no price in ${JSON.stringify(rows)}\n`);
    expect(rows.filter(({ reason }) => reason === null || !TOO_BUSY.includes(reason))).toEqual([]);
  });

  it('stores every price with exactly the digits of one call, made in its slot', () => {
    const byDigits = new Map<string, { call: LoggedCall; name: string }>();
    for (const call of upstream.calls) for (const [name, digits] of call.prices) byDigits.set(digits, { call, name });
    const wrong = samples.filter((sample) => {
      const origin = byDigits.get(sample.price);
      if (origin?.name !== sample.name || origin.call.source !== sample.source) return true;
      if (sample.raw !== sample.price) return true;
      const sinceSlotMs = origin.call.atMs - sample.slot * 1000;
      return sinceSlotMs < -PERMITTED_OFFSET_MS || sinceSlotMs >= sample.windowSeconds * 1000 + PERMITTED_OFFSET_MS;
    });
    expect(wrong).toEqual([]);
    expect(new Set(samples.map((sample) => sample.price)).size).toBe(samples.length);
  });

  it('serves the sample of the first source in order', () => {
    const ethereum = samples.filter((sample) => sample.name === 'eth_usd' || sample.name === 'ethereum');
    const served = new Map(ethereum.map((sample) => [sample.slot, sample.served]));
    for (const sample of ethereum.filter(({ source }) => source === 'deribit'))
      expect(served.get(sample.slot)).toBe(sample.price);
  });
});

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return new Map([...counts].sort());
}

function sumOfAttempts(fetches: readonly StoredFetch[] = []): number {
  return fetches.reduce((sum, { attempts }) => sum + attempts, 0);
}

const FETCHES_SQL = `
  SELECT so.name AS source, string_agg(ts.source_symbol, ',' ORDER BY ts.source_symbol) AS names, f.batch, f.slot, f.status,
         f.attempts
  FROM fetches f JOIN sources so ON so.id = f.source_id
  JOIN ticker_sources ts ON ts.source_id = f.source_id AND ts.batch = f.batch
  WHERE f.attempts > 0
  GROUP BY so.name, f.source_id, f.batch, f.slot, f.status, f.attempts`;

const SAMPLES_SQL = `
  SELECT so.name AS source, ts.source_symbol AS name, s.slot, least(sc.interval_seconds, 15) AS "windowSeconds",
         s.raw, s.price::text AS price, p.price::text AS served
  FROM samples s JOIN sources so ON so.id = s.source_id
  JOIN schedules sc ON sc.ticker_id = s.ticker_id
  JOIN ticker_sources ts ON ts.schedule_id = sc.id AND ts.source_id = s.source_id
  JOIN prices p ON p.ticker_id = s.ticker_id AND p.slot = s.slot
  WHERE s.outcome = 'accepted'`;

const UNPRICED_SQL = `
  SELECT expected.slot::int AS slot, coalesce(s.reason, g.reason) AS reason
  FROM (SELECT ticker_id, generate_series(min(slot), max(slot) - $1) AS slot FROM prices
        WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'btc_usd') GROUP BY ticker_id) AS expected
  LEFT JOIN prices p USING (ticker_id, slot)
  LEFT JOIN samples s USING (ticker_id, slot)
  LEFT JOIN gaps g ON g.ticker_id = expected.ticker_id AND g.from_slot <= expected.slot AND g.to_slot > expected.slot
  WHERE p.slot IS NULL ORDER BY expected.slot`;
