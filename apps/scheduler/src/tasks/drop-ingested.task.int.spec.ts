import { ClockWatch } from '@app/process';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { dropIngested } from './drop-ingested.task.js';

const NOW = Date.parse('2026-11-15T12:00:00Z');
const NEVER = new AbortController().signal;

describe('dropping what lists brought', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      `CREATE TABLE asset_values_y2025m01 PARTITION OF asset_values FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z')`,
    );
  });
  afterEach(() => database.drop());

  async function aTask(clockOffsetMs = 0) {
    const log = createLogBook();
    const clock = new ClockWatch(async () => Date.now() + clockOffsetMs);
    await clock.measure();
    const ingestion = { intervalSeconds: 0, csvFolder: undefined, retentionDays: { raw: 90, values: 400, runs: 90 } };
    return {
      log,
      task: dropIngested({ pool: database.pool, ingestion, clock, logger: log.logger, now: () => NOW }),
    };
  }

  it('logs what it has dropped, also where lists are read no longer', async () => {
    const { task, log } = await aTask();
    await task.run(NEVER);
    await task.run(NEVER);
    expect(log.of('ingested_dropped')).toMatchObject([{ tables: ['asset_values_y2025m01'], rows: 0 }]);
  });

  it('drops nothing while its clock is wrong', async () => {
    const { task, log } = await aTask(60_000);
    await expect(task.run(NEVER)).rejects.toThrow('60000 ms off');
    expect(log.of('ingested_dropped')).toEqual([]);
  });
});
