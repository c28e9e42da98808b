import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';
import { UniqueUpstream, type LoggedCall } from './support/unique-upstream.js';

/** How long the system samples, in milliseconds: TEST_SAMPLING_SECONDS makes a longer run of the same. */
const SAMPLING_MS = Number(process.env.TEST_SAMPLING_SECONDS ?? 25) * 1000;

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
  readonly slot: number;
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
    await system.priceFrom(1);
    // The longer it runs, the more there is to be found wrong.
    await sleep(SAMPLING_MS);
    // Schedulers first: nothing new is planned while the workers finish what is in hand.
    for (const name of ['scheduler-1', 'scheduler-2', 'worker-1', 'worker-2', 'worker-3'])
      await system.end(name, 'SIGTERM');
    fetches = (await database.pool.query<StoredFetch>(FETCHES_SQL)).rows;
    samples = (await database.pool.query<StoredSample>(SAMPLES_SQL)).rows;
  }, 60_000 + SAMPLING_MS);

  afterAll(async () => {
    await system?.stop();
    await upstream?.stop();
    await database?.drop();
  }, 30_000);

  it('calls each source once for each fetch row, and never without one', () => {
    const called = countBy(upstream.calls, ({ source, names }) => `${source} ${names}`);
    const claimed = countBy(fetches, ({ source, names }) => `${source} ${names}`);
    expect(called.size).toBe(4);
    expect(called).toEqual(claimed);
    expect(fetches.filter((fetch) => fetch.attempts !== 1)).toEqual([]);
  });

  it('samples every ticker', () => {
    const served = countBy(samples, ({ name }) => name);
    expect(served.get('btc_usd')).toBeGreaterThan(SAMPLING_MS / 1000 / 2);
    expect(served.get('eth_usd')).toBeGreaterThan(1);
    expect(served.get('solana')).toBeGreaterThan(1);
    expect(served.get('cardano')).toBe(served.get('solana'));
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

const FETCHES_SQL = `
  SELECT so.name AS source, string_agg(ts.source_symbol, ',' ORDER BY ts.source_symbol) AS names, f.slot, f.attempts
  FROM fetches f JOIN sources so ON so.id = f.source_id
  JOIN ticker_sources ts ON ts.source_id = f.source_id AND ts.batch = f.batch
  WHERE f.attempts > 0
  GROUP BY so.name, f.source_id, f.batch, f.slot, f.attempts`;

const SAMPLES_SQL = `
  SELECT so.name AS source, ts.source_symbol AS name, s.slot, least(sc.interval_seconds, 15) AS "windowSeconds",
         s.raw, s.price::text AS price, p.price::text AS served
  FROM samples s JOIN sources so ON so.id = s.source_id
  JOIN schedules sc ON sc.ticker_id = s.ticker_id
  JOIN ticker_sources ts ON ts.schedule_id = sc.id AND ts.source_id = s.source_id
  JOIN prices p ON p.ticker_id = s.ticker_id AND p.slot = s.slot
  WHERE s.outcome = 'accepted'`;
