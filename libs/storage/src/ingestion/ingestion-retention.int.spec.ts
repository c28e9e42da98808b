import type { ReadRecord } from '@app/domain';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { ensureRawPartitions, ensureValuePartitions } from './asset-partitions.js';
import { IngestionRepository } from './ingestion.repository.js';
import { IngestionRetention, type IngestionRetentionDays } from './ingestion-retention.js';

const NOW = Date.parse('2026-11-15T12:00:00Z');
const DAYS: IngestionRetentionDays = { raw: 90, values: 400, runs: 90 };

/** The signal of a process that does not end. */
const NEVER = new AbortController().signal;

let database: TestDatabase;
// One for each test: they make and drop tables.
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const drop = (days = DAYS, signal = NEVER) => new IngestionRetention(database.pool).drop(days, NOW, signal);

/** Records that came at an instant, with the tables for them. */
async function stored(source: string, at: string, records: readonly Partial<ReadRecord>[]): Promise<void> {
  const runs = new IngestionRepository(database.pool);
  const { runId, lock } = await runs.begin(source);
  const read = records.map((record, index) => {
    const raw = { id: `coin-${index}`, place: '', payload: '{}' };
    return { ...raw, ...('asset' in record ? record : { fault: 'bad' }) } as ReadRecord;
  });
  await runs.keepPage(source, runId, { page: '1', nextPage: null, fetchedAt: new Date(at), records: read });
  await runs.storeBatch({ source, runId, processed: 0 }, read);
  await runs.endPage(source, runId);
  await runs.end(source, runId);
  await lock.release();
  const seconds = Date.parse(at) / 1000;
  const client = await database.pool.connect();
  await ensureRawPartitions(client, source, seconds);
  client.release();
  // As if it were then.
  await database.pool.query(`UPDATE etl_runs SET started_at = $2, ended_at = $2 WHERE run_id = $1`, [runId, at]);
  await database.pool.query(`UPDATE raw_records SET ingested_at = $2 WHERE run_id = $1`, [runId, seconds]);
  await database.pool.query(`UPDATE etl_records SET ingested_at = $2 WHERE source = $1`, [source, seconds]);
  await database.pool.query(`UPDATE etl_quarantine SET quarantined_at = $2 WHERE run_id = $1`, [runId, at]);
}

/** A record that says what an asset was at an instant. */
function said(updatedAt: string, assetId = 'btc'): Partial<ReadRecord> {
  return { asset: { assetId, symbol: 'btc', name: 'Bitcoin', priceUsd: '1', updatedAt: new Date(updatedAt) } };
}

async function counts(): Promise<unknown> {
  const { rows } = await database.pool
    .query(`SELECT (SELECT count(*)::int FROM raw_records) AS raw, (SELECT count(*)::int FROM etl_records) AS known,
    (SELECT count(*)::int FROM asset_values) AS values, (SELECT count(*)::int FROM etl_runs) AS runs, (SELECT count(*)::int FROM etl_quarantine) AS bad`);
  return rows[0];
}

describe('the tables of raw records', () => {
  it.each(['raw_coingecko', 'raw_coinpaprika', 'raw_csv_source'])('have %s before anything was read', async (table) => {
    const { fields } = await database.pool.query(`SELECT payload, content_hash FROM ${table}`);
    expect(fields).toMatchObject([{ dataTypeID: 3802 }, { name: 'content_hash' }]);
  });
});

describe('the retention of what lists brought', () => {
  it('drops whole months of raw records, with what is known of them and what was in quarantine, and leaves the others', async () => {
    await stored('coingecko', '2026-07-31T23:59:59Z', [{}, said('2026-07-31T00:00:00Z')]);
    await stored('coinpaprika', '2026-08-01T00:00:00Z', [{}, said('2026-08-01T00:00:00Z')]);
    expect(await counts()).toEqual({ raw: 4, known: 4, values: 2, runs: 2, bad: 2 });
    const { tables, rows, busy } = await drop();
    expect({ tables, rows, busy }).toEqual({ tables: ['raw_coingecko_y2026m07'], rows: 3, busy: [] });
    expect(await counts()).toEqual({ raw: 2, known: 2, values: 2, runs: 2, bad: 1 });
    expect(await drop()).toEqual({ tables: [], rows: 0, busy: [] });
  });

  it('has a record that still comes stored anew, and put into quarantine anew', async () => {
    await stored('coingecko', '2026-05-01T00:00:00Z', [{}, said('2026-05-01T00:00:00Z')]);
    await drop();
    expect(await counts()).toMatchObject({ raw: 0, known: 0, bad: 0 });
    await stored('coingecko', '2026-11-15T00:00:00Z', [{}, said('2026-05-01T00:00:00Z')]);
    expect(await counts()).toMatchObject({ raw: 2, known: 2, values: 1, bad: 1 });
    const { rows } = await database.pool.query(`SELECT records_written AS written FROM etl_runs ORDER BY run_id`);
    expect(rows).toEqual([{ written: 1 }, { written: 1 }]);
  });

  it('drops months of values, and leaves what files said of their past', async () => {
    await stored('coingecko', '2026-11-01T00:00:00Z', [
      said('2025-09-30T23:59:59Z'),
      said('2025-10-12T00:00:00Z'),
      said('2017-01-01T00:00:00Z'),
    ]);
    await stored('csv', '2026-11-01T00:00:00Z', [said('2017-01-02T00:00:00Z')]);
    expect(await drop()).toEqual({ tables: ['asset_values_y2025m09'], rows: 1, busy: [] });
    const { rows } = await database.pool.query(
      `SELECT source, updated_at::date::text AS day FROM asset_values ORDER BY 2`,
    );
    expect(rows).toEqual([
      { source: 'csv', day: '2017-01-02' },
      { source: 'coingecko', day: '2025-10-12' },
    ]);
  });

  it('does not keep a run from writing to a month that it has known and that was dropped', async () => {
    const runs = new IngestionRepository(database.pool);
    const write = async (payload: string): Promise<unknown> => {
      const { runId, lock } = await runs.begin('coingecko');
      const record = { id: 'a', place: '', payload, ...said('2024-01-01T00:00:00Z') } as ReadRecord;
      try {
        return await runs.storeBatch({ source: 'coingecko', runId, processed: 0 }, [record]);
      } finally {
        await lock.release();
      }
    };
    await write('1');
    expect(await drop()).toMatchObject({ tables: ['asset_values_y2024m01'] });
    await database.pool.query(`UPDATE etl_checkpoints SET page_records = 0`);
    expect(await write('2')).toMatchObject({ written: 1 });
  });

  it('drops runs, and leaves of each list the newest that succeeded and the newest that failed', async () => {
    await database.pool.query(
      `INSERT INTO etl_runs (source, status, started_at, ended_at, error)
       SELECT source, status, at, at, CASE status WHEN 'failed' THEN 'x' END
       FROM unnest(ARRAY['coingecko', 'csv']) source, unnest(ARRAY['completed', 'failed']) status, unnest($1::timestamptz[]) at`,
      [['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-11-01T00:00:00Z']],
    );
    await database.pool.query(`DELETE FROM etl_runs WHERE source = 'csv' AND started_at > '2026-02-01'`);
    expect(await drop()).toMatchObject({ rows: 6 });
    const { rows } = await database.pool.query(
      `SELECT source, status, started_at::date::text AS day FROM etl_runs ORDER BY 1, 2`,
    );
    expect(rows).toEqual([
      { source: 'coingecko', status: 'completed', day: '2026-11-01' },
      { source: 'coingecko', status: 'failed', day: '2026-11-01' },
      { source: 'csv', status: 'completed', day: '2026-01-02' },
      { source: 'csv', status: 'failed', day: '2026-01-02' },
    ]);
  });

  it('leaves a month in which somebody is at work for the next pass, and does the rest', async () => {
    await stored('coingecko', '2026-05-01T00:00:00Z', [said('2024-01-01T00:00:00Z')]);
    const reader = await database.pool.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT FROM raw_coingecko');
    expect(await drop()).toMatchObject({ tables: ['asset_values_y2024m01'], busy: ['raw_coingecko_y2026m05'] });
    await reader.query('COMMIT');
    reader.release();
    expect(await drop()).toMatchObject({ tables: ['raw_coingecko_y2026m05'], busy: [] });
  });

  it('by two schedulers at once drops everything once', async () => {
    const client = await database.pool.connect();
    await ensureValuePartitions(
      client,
      [new Date('2023-01-01'), new Date('2023-02-01'), new Date('2023-03-01')],
      new Set(),
    );
    client.release();
    await stored('coingecko', '2026-05-01T00:00:00Z', [{}]);
    // Whoever waits for the other for too long leaves it for its next pass.
    for (let isBusy = true; isBusy;) {
      const passes = await Promise.all([drop(), drop()]);
      isBusy = passes.some(({ busy }) => busy.length > 0);
    }
    expect(await counts()).toMatchObject({ raw: 0, known: 0, bad: 0 });
    const { rows } = await database.pool.query(`SELECT relname FROM pg_class WHERE relname LIKE 'asset_values_y2023%'`);
    expect(rows).toEqual([]);
  });

  it('stops when the process ends', async () => {
    await stored('coingecko', '2026-05-01T00:00:00Z', [{}]);
    expect(await drop(DAYS, AbortSignal.abort())).toEqual({ tables: [], rows: 0, busy: [] });
  });
});
