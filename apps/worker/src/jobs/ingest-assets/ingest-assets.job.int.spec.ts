import { csvRecordList } from '@app/ingestion';
import { AssetLinkRepository, DriftRepository, IngestionRepository } from '@app/storage';
import { register } from '@prometheus-io/client';
import path from 'node:path';
import { createLogBook } from '../../../../../test/support/log-lines.js';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/test-database.js';
import { IngestAssetsJob, type IngestAssetsOptions } from './ingest-assets.job.js';

const SAMPLES = path.resolve(import.meta.dirname, '../../../../../samples/csv');

const samples = () => csvRecordList(SAMPLES, { now: Date.now });

describe('the job that reads a list', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    register.resetMetrics();
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('leaves a run that failed, and says why, where the list cannot be opened', async () => {
    const runs = new IngestionRepository(database.pool);
    await run(undefined, () => csvRecordList(path.join(SAMPLES, 'missing'), { now: Date.now }));
    const { rows } = await database.pool.query('SELECT status, error FROM etl_runs');
    expect(rows).toEqual([{ status: 'failed', error: expect.stringContaining('layouts.yaml') as string }]);
    expect(await runs.due(new Map([['csv', 300]]))).toEqual([]);
    // It is not in hand of anybody.
    await run();
    expect((await database.pool.query('SELECT status FROM etl_checkpoints')).rows).toEqual([{ status: 'completed' }]);
  });

  function run(
    failAfterRecords?: IngestAssetsOptions['failAfterRecords'],
    listOf: IngestAssetsOptions['listOf'] = samples,
  ): Promise<void> {
    const job = new IngestAssetsJob({
      ...{
        runs: new IngestionRepository(database.pool),
        links: new AssetLinkRepository(database.pool),
        linkRules: [],
        drifts: new DriftRepository(database.pool),
        logger: createLogBook().logger,
        batchSize: 7,
        failAfterRecords,
      },
      listOf,
    });
    const { signal: ending } = new AbortController();
    return job.run({ source: 'csv', after: 0 }, { ending });
  }

  it('counts runs and records, and says when it last came to the end', async () => {
    const before = Math.floor(Date.now() / 1000);
    await run(10);
    expect(await register.metrics()).not.toMatch(/^tidemark_list_last_success_timestamp_seconds\{/m);
    await run();
    const text = await register.metrics();
    expect(text).toContain('tidemark_list_runs_total{source="csv",outcome="failed"} 1');
    expect(text).toContain('tidemark_list_runs_total{source="csv",outcome="completed"} 1');
    expect(text).toContain('tidemark_list_records_total{source="csv",outcome="written"} 42');
    expect(text).toContain('tidemark_list_records_total{source="csv",outcome="quarantined"} 0');
    expect(text).toContain('tidemark_list_run_duration_seconds_count{source="csv"} 2');
    const last = /^tidemark_list_last_success_timestamp_seconds\{source="csv"\} (\d+)/m.exec(text)?.[1];
    expect(Number(last)).toBeGreaterThanOrEqual(before);
  });
});
