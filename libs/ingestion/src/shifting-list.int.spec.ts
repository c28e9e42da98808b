import type { RawRecord } from '@app/domain';
import { IngestionReader, IngestionRepository, ReadDatabase } from '@app/storage';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest, type IngestOutcome } from './ingest.js';
import { inOrder, type RecordList } from './record-list.js';

const AT = new Date('2026-03-01T12:00:00Z');

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** A list of these pages; each coin is named by a letter and costs the number after it, 1 when there is none. */
function listOf(...pages: readonly string[]): RecordList {
  return {
    source: 'coingecko',
    firstPage: '1',
    isLive: true,
    fetchPage: (page) => {
      const number = Number(page);
      const coins = (pages[number - 1] ?? '').split(' ').filter((coin) => coin !== '');
      const records = coins.map((coin): RawRecord => ({
        id: coin[0] ?? '',
        place: '',
        payload: `[${coin.slice(1) || 1}]`,
      }));
      const nextPage = number < pages.length ? String(number + 1) : null;
      return Promise.resolve({ page, nextPage, fetchedAt: AT, records: inOrder(records) });
    },
    read: (record) => {
      const [priceUsd] = JSON.parse(record.payload) as number[];
      return {
        ...record,
        asset: { assetId: record.id, symbol: 's', name: 'n', priceUsd: String(priceUsd), updatedAt: AT },
      };
    },
  };
}

function run(list: RecordList, failAfterRecords?: number): Promise<IngestOutcome> {
  const signal = new AbortController().signal;
  return ingest(list, { runs: new IngestionRepository(database.pool), batchSize: 2, failAfterRecords, signal });
}

it('has an asset once that came twice, as it was at last, and counts it', async () => {
  expect(await run(listOf('a b c', 'c2 d'))).toMatchObject({
    processed: 5,
    written: 5,
    unchanged: 0,
    repeated: 1,
    missed: 0,
  });
  expect(await run(listOf('a b c2', 'c2 d'))).toMatchObject({
    written: 0,
    unchanged: 5,
    repeated: 1,
    missed: 0,
    returned: 0,
  });
  const { rows } = await database.pool.query('SELECT asset_id, price_usd::text AS price FROM assets ORDER BY 1');
  expect(rows).toMatchObject([{ asset_id: 'a' }, { asset_id: 'b' }, { asset_id: 'c', price: '2' }, { asset_id: 'd' }]);
});

it('counts an asset that it missed, and once more when the next one catches it', async () => {
  expect(await run(listOf('a b c', 'd e'))).toMatchObject({ missed: 0, returned: 0 });
  expect(await run(listOf('a b d', 'e'))).toMatchObject({ processed: 4, repeated: 0, missed: 1, returned: 0 });
  expect(await run(listOf('a b c', 'd e f'))).toMatchObject({ processed: 6, written: 1, missed: 0, returned: 1 });
  expect(await new IngestionReader(new ReadDatabase(database.pool)).status()).toMatchObject([
    { runId: 3, repeated: 0, missed: 0, returned: 1 },
  ]);
  const { rows } = await database.pool.query('SELECT records_missed AS missed FROM etl_runs ORDER BY run_id');
  expect(rows).toEqual([{ missed: 0 }, { missed: 1 }, { missed: 0 }]);
});

it('takes the runs that read a list together for one reading of it', async () => {
  await run(listOf('a b c', 'd e'));
  await expect(run(listOf('a b c', 'd e'), 2)).rejects.toThrow('stopped after 2 records');
  // The second page is that of a later moment.
  expect(await run(listOf('', 'c d'))).toMatchObject({ processed: 3, repeated: 1, missed: 1 });
  // A run that gets no page at all is no reading.
  const broken: RecordList = { ...listOf(''), fetchPage: () => Promise.reject(new Error('no page')) };
  await expect(run(broken)).rejects.toThrow('no page');
  expect(await run(listOf('a b c', 'd e'))).toMatchObject({ repeated: 0, missed: 0, returned: 1 });
});
