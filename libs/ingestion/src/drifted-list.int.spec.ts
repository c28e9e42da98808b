import { SourceClient, type DriftPolicy } from '@app/sources';
import { DriftRepository, IngestionRepository, SourceStateRepository, type DriftNews } from '@app/storage';
import { plainAnswer, startAnswerServer, type AnswerServer } from '../../sources/src/testing/answer-server.contract.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest, type IngestOutcome } from './ingest.js';
import { openList } from './open-list.js';

let database: TestDatabase;
let server: AnswerServer;
let client: SourceClient;
let news: DriftNews[];
beforeEach(async () => {
  database = await createTestDatabase();
  await database.pool.query(
    `INSERT INTO sources (id, name) VALUES (2, 'coingecko'), (3, 'coinpaprika') ON CONFLICT DO NOTHING`,
  );
  server = await startAnswerServer();
  client = new SourceClient({
    access: { coingecko: { baseUrl: server.url }, coinpaprika: { baseUrl: server.url } },
    now: Date.now,
  });
  news = [];
});
afterEach(async () => {
  client.close();
  await server.close();
  await database.drop();
});

/** So many coins of CoinPaprika. @param change what is different about them. */
function answerWith(count: number, change: (coin: Record<string, unknown>, index: number) => unknown): void {
  const coins = Array.from({ length: count }, (_, index) => {
    const usd = { price: 1.5, market_cap: 2, volume_24h: 3 };
    return change(
      { id: `c${index}`, symbol: 'C', name: 'Coin', last_updated: '2026-03-01T12:00:00Z', quotes: { USD: usd } },
      index,
    );
  });
  server.answerWith(plainAnswer(200, JSON.stringify(coins)));
}

async function run(driftPolicy: DriftPolicy, maxBadShare?: number): Promise<IngestOutcome> {
  const drifts = new DriftRepository(database.pool);
  const list = await openList('coinpaprika', {
    ...{ client, driftPolicy, csvFolder: undefined, takeCall: undefined, now: Date.now },
    states: new SourceStateRepository(database.pool),
  });
  return ingest(list, {
    ...{ runs: new IngestionRepository(database.pool), batchSize: 250, signal: new AbortController().signal },
    ...(maxBadShare === undefined ? {} : { maxBadShare }),
    keepDrifts: async (sightings) => void news.push(...(await drifts.record(sightings))),
  });
}

async function events() {
  const { rows } = await database.pool.query('SELECT source_id, endpoint, field, detail, count::int FROM drift_events');
  return rows;
}

const RENAMED = { source_id: 3, endpoint: 'asset-list', field: 'quotes.USD.market_cap' };
const WORDS = 'field quotes.USD.market_cap: expected a number, found nothing; quotes.USD.marketCap looks like it';

function renameMarketCap(coin: Record<string, unknown>): unknown {
  return { ...coin, quotes: { USD: { price: 1.5, marketCap: 2, volume_24h: 3 } } };
}

it('puts records whose field was renamed into quarantine, with the field that looks like it, as one event of many records', async () => {
  answerWith(5_000, renameMarketCap);
  expect(await run('reject', 1)).toMatchObject({ processed: 5_000, quarantined: 5_000 });
  expect(await events()).toEqual([{ ...RENAMED, detail: WORDS, count: 5_000 }]);
  expect(news).toEqual([{ sourceId: 3, endpoint: 'asset-list', field: RENAMED.field, detail: WORDS }]);
  const { rows } = await database.pool.query('SELECT DISTINCT reason FROM etl_quarantine');
  expect(rows).toEqual([{ reason: WORDS }]);
  // What is known already is no news.
  await run('reject', 1);
  expect(await events()).toMatchObject([{ count: 10_000 }]);
  expect(news).toHaveLength(1);
});

it('reads the field under its other name where drift is mapped, and keeps the event', async () => {
  answerWith(30, renameMarketCap);
  expect(await run('map')).toMatchObject({ written: 30, quarantined: 0 });
  expect(await events()).toEqual([{ ...RENAMED, detail: WORDS, count: 30 }]);
  expect((await database.pool.query('SELECT DISTINCT market_cap::text FROM assets')).rows).toEqual([
    { market_cap: '2' },
  ]);
});

it('keeps the events also of a run that fails', async () => {
  answerWith(1_000, (coin) => ({ ...coin, last_updated: undefined }));
  await expect(run('reject')).rejects.toThrow(/^1000 of 1000 records cannot be read/);
  expect(await events()).toMatchObject([{ field: 'last_updated', count: 1000 }]);
});

it('keeps an event of an answer that is no list', async () => {
  server.answerWith(plainAnswer(200, '{"data":[]}'));
  await expect(run('map')).rejects.toThrow('the answer: expected a value of type array, found an object');
  expect(await events()).toMatchObject([{ endpoint: 'asset-list', field: '(answer)', count: 1 }]);
});

it('takes null for no value, and no drift', async () => {
  answerWith(1, (coin) => ({ ...coin, quotes: { USD: { price: null, market_cap: null, volume_24h: null } } }));
  expect(await run('reject')).toMatchObject({ written: 1 });
  expect(await events()).toEqual([]);
});
