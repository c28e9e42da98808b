import { SourceClient } from '@app/sources';
import { IngestionRepository, SourceStateRepository } from '@app/storage';
import { plainAnswer, startAnswerServer, type AnswerServer } from '../../sources/src/testing/answer-server.contract.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest, type IngestOutcome } from './ingest.js';
import { openList } from './open-list.js';
import type { RecordList } from './record-list.js';

let database: TestDatabase;
let server: AnswerServer;
let client: SourceClient;
beforeEach(async () => {
  database = await createTestDatabase();
  server = await startAnswerServer();
  const baseUrl = server.url;
  client = new SourceClient({ access: { coingecko: { baseUrl }, coinpaprika: { baseUrl } }, now: Date.now });
});
afterEach(async () => {
  client.close();
  await server.close();
  await database.drop();
});

function coin(id: unknown, more: object = {}) {
  const values = { current_price: 1.5, market_cap: 2, total_volume: 3 };
  const usd = { price: 1.5, market_cap: 2, volume_24h: 3 };
  return {
    id,
    symbol: 'c',
    name: 'Coin',
    last_updated: '2026-03-01T12:00:00Z',
    ...values,
    quotes: { USD: usd },
    ...more,
  };
}

/** The answers to these pages; the last one again for those that come after. */
function answer(...pages: readonly unknown[]): void {
  server.answerWith((request, response) => {
    const page = Number(new URL(request.url ?? '', server.url).searchParams.get('page') ?? '1');
    const body = pages[Math.min(page, pages.length) - 1];
    plainAnswer(200, typeof body === 'string' ? body : JSON.stringify(body))(request, response);
  });
}

async function run(source: 'coingecko' | 'coinpaprika', { pages = 3, maxBadShare = 1 } = {}): Promise<IngestOutcome> {
  const list = await openList(source, {
    ...{
      client,
      driftPolicy: 'reject',
      csvFolder: undefined,
      takeCall: undefined,
      pages: { coingecko: pages },
      now: Date.now,
    },
    states: new SourceStateRepository(database.pool),
  });
  return ingestAll(list, maxBadShare);
}

function ingestAll(list: RecordList, maxBadShare = 1): Promise<IngestOutcome> {
  const runs = new IngestionRepository(database.pool);
  return ingest(list, { runs, batchSize: 250, maxBadShare, signal: new AbortController().signal });
}

async function rows(sql: string): Promise<unknown[]> {
  return (await database.pool.query<Record<string, unknown>>(sql)).rows;
}

const full = (name: string): unknown[] => Array.from({ length: 250 }, (_, index) => coin(`${name}-${index}`));

it('ends at a page that is empty', async () => {
  answer(full('a'), []);
  expect(await run('coingecko')).toMatchObject({ processed: 250, pages: 2 });
  answer([]);
  expect(await run('coinpaprika')).toMatchObject({ processed: 0, pages: 1, lastProcessedId: null });
});

it('ends where a source sends the same page for ever', async () => {
  answer(full('a'));
  expect(await run('coingecko')).toMatchObject({ processed: 750, written: 250, repeated: 500, pages: 3 });
  const list: RecordList = {
    source: 'coingecko',
    firstPage: '1',
    fetchPage: (page) =>
      Promise.resolve({ page, nextPage: page === '1' ? '2' : '1', fetchedAt: new Date(), records: [] }),
    read: (record) => ({ ...record, fault: '' }),
  };
  await expect(ingestAll(list)).rejects.toThrow(/^page [12] comes again and again: the list has no end$/);
});

it('has each record that has no name of its own in quarantine, with its page', async () => {
  const nameless = [coin(undefined), ...full('a').slice(2), coin('x'.repeat(10_000))];
  answer(nameless, [coin(''), coin(7), 'no coin', null]);
  expect(await run('coingecko')).toMatchObject({ processed: 254, written: 248, quarantined: 6 });
  expect(await rows('SELECT place, left(reason, 40) AS reason FROM etl_quarantine ORDER BY place')).toEqual([
    { place: 'row 1 of page 1', reason: expect.stringContaining('field id') as string },
    { place: 'row 1 of page 2', reason: expect.stringContaining('field id') as string },
    { place: 'row 2 of page 2', reason: expect.stringContaining('field id') as string },
    { place: 'row 250 of page 1', reason: expect.stringContaining('field id') as string },
    { place: 'row 3 of page 2', reason: expect.any(String) as string },
    { place: 'row 4 of page 2', reason: expect.any(String) as string },
  ]);
});

it('has what was long ago or is far ahead in quarantine: it would keep out whatever comes later, and make a table', async () => {
  answer([coin('a', { last_updated: '2099-01-01T00:00:00Z' }), coin('b', { last_updated: '1970-01-01T00:00:00Z' })]);
  expect(await run('coingecko')).toMatchObject({ written: 0, quarantined: 2 });
  expect(await rows('SELECT record_id, reason FROM etl_quarantine ORDER BY 1')).toEqual([
    { record_id: 'a', reason: '2099-01-01T00:00:00.000Z is in the future' },
    { record_id: 'b', reason: expect.stringContaining('between 2010 and 2100') as string },
  ]);
  expect(await rows(`SELECT relname FROM pg_class WHERE relname LIKE 'asset\\_values\\_y%'`)).toEqual([]);
  answer([coin('a')]);
  expect(await run('coingecko')).toMatchObject({ written: 1 });
});

it('has of records with one id the last one, also where neither can be read', async () => {
  answer(
    [...full('a').slice(3), coin('b', { symbol: 'old' }), coin('b', { symbol: 'new' }), coin('c', { name: '' })],
    [coin('c', { name: 5 })],
  );
  expect(await run('coingecko')).toMatchObject({ processed: 250, written: 248, quarantined: 2, repeated: 1 });
  expect(await rows(`SELECT symbol FROM assets WHERE asset_id = 'b'`)).toEqual([{ symbol: 'new' }]);
  expect(await rows('SELECT record_id, place FROM etl_quarantine')).toEqual([
    { record_id: 'c', place: 'row 1 of page 2' },
  ]);
});

it('stores what Postgres cannot hold as something that it can', async () => {
  answer(
    `[${[
      coin('nul\0in it', { name: 'a\0b', extra: { 'k\0': '\ud800' } }),
      coin('half\ud800'),
      coin('long', { description: 'x'.repeat(5_000_000) }),
    ]
      .map((each) => JSON.stringify(each))
      .join(
        ',',
      )},${JSON.stringify(coin('digits')).replace('"price":1.5', `"price":${'9'.repeat(400)}`)},${JSON.stringify(coin('huge')).replace('"price":1.5', '"price":1e999999999')}]`,
  );
  expect(await run('coinpaprika')).toMatchObject({ processed: 5, written: 3, quarantined: 2 });
  expect(await rows('SELECT asset_id FROM assets ORDER BY 1')).toEqual([
    { asset_id: 'half\ufffd' },
    { asset_id: 'long' },
    { asset_id: 'nul\ufffdin it' },
  ]);
  expect(await run('coinpaprika')).toMatchObject({
    processed: 5,
    written: 0,
    unchanged: 3,
    quarantined: 2,
    repeated: 0,
    missed: 0,
  });
});
