import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startProcess, type RunningProcess } from '../../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const ROWS = 3_000;

const LOCKS = `pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND a.datname = current_database()`;

let database: TestDatabase;
let folder: string;
const started: RunningProcess[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'killed-run-'));
  await writeFile(
    join(folder, 'layouts.yaml'),
    'files: [{ file: a.csv, columns: { symbol: s, updated_at: t, price_usd: p } }]',
  );
  const rows = Array.from({ length: ROWS }, (_, index) => `C${index},2025-01-01,${index}`);
  await writeFile(join(folder, 'a.csv'), ['s,t,p', ...rows].join('\n'));
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await database.drop();
  await rm(folder, { recursive: true });
});

/** `tidemark etl run`, with one record in each transaction so that it takes a while. */
function run(batchSize: number): RunningProcess {
  const environment = {
    TIDEMARK_MODE: 'simulated',
    DATABASE_URL: database.url,
    ETL_CSV_DIR: folder,
    ETL_BATCH_SIZE: String(batchSize),
  };
  const running = startProcess('cli/src/main.js', environment, 0, ['etl', 'run', '--source', 'csv']);
  started.push(running);
  return running;
}

async function rows<T>(sql: string): Promise<T[]> {
  return (await database.pool.query(sql)).rows as T[];
}

async function hasBegun(): Promise<void> {
  await eventually('some records', 30_000, async () => {
    const [run] = await rows<{ n: number }>('SELECT max(records_processed) AS n FROM etl_runs');
    if (started[0]?.child.exitCode !== null) throw new Error(started[0]?.stray());
    return (run?.n ?? 0) > 10 ? true : undefined;
  });
}

function said(running: RunningProcess): string {
  return running.stray().replaceAll(/\s+/g, ' ');
}

async function endOf({ child }: RunningProcess): Promise<number> {
  return eventually('its end', 60_000, () => child.exitCode ?? undefined);
}

const RUNS = `SELECT status, error, records_processed AS n FROM etl_runs ORDER BY run_id`;

it('a run whose process is killed keeps nobody from the next one, which goes on where it was', async () => {
  const first = run(1);
  await hasBegun();
  first.child.kill('SIGKILL');
  await eventually('the end of its lock', 5_000, async () =>
    (await rows(`SELECT 1 FROM ${LOCKS}`)).length === 0 ? true : undefined,
  );
  expect(await endOf(run(250))).toBe(0);
  const [killed, next] = await rows<{ status: string; error: string | null; n: number }>(RUNS);
  expect(killed).toMatchObject({ status: 'failed', error: 'its process was gone' });
  expect(next).toMatchObject({ status: 'completed', n: ROWS - (killed?.n ?? 0) });
  expect(await rows('SELECT count(*)::int AS n FROM raw_csv_source')).toEqual([{ n: ROWS }]);
}, 90_000);

it('a run whose process is stopped is refused company until Postgres gives it up, and ends without harm when it comes back', async () => {
  const first = run(1);
  await hasBegun();
  first.child.kill('SIGSTOP');
  const second = run(250);
  expect(await endOf(second)).not.toBe(0);
  expect(said(second)).toContain('Another process reads the list of csv now: run 1, begun at ');
  // What Postgres does by itself when it has heard nothing for a minute: idle_session_timeout.
  await rows(`SELECT pg_terminate_backend(pid) FROM ${LOCKS}`);
  await eventually('the end of its lock', 5_000, async () =>
    (await rows(`SELECT 1 FROM ${LOCKS}`)).length === 0 ? true : undefined,
  );
  expect(await endOf(run(250))).toBe(0);
  first.child.kill('SIGCONT');
  expect(await endOf(first)).not.toBe(0);
  expect(said(first)).toContain('another has taken its place');
  const runs = await rows<{ status: string; n: number }>(RUNS);
  expect(runs.map(({ status }) => status)).toEqual(['failed', 'completed']);
  expect(runs.reduce((sum, { n }) => sum + n, 0)).toBe(ROWS);
  expect(await rows('SELECT count(*)::int AS n FROM raw_csv_source')).toEqual([{ n: ROWS }]);
}, 90_000);
