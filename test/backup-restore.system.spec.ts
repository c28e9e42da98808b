import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { seedHistory } from '../apps/standalone/src/launch/seed-history.js';
import { DEBIAN_MAJOR, DebianPostgres, runBackupProgram } from './support/debian-postgres.js';
import { createEmptyDatabase, type EmptyDatabase } from './support/empty-database.js';
import { eventually, runToEnd } from './support/processes.js';
import { TestSystem } from './support/test-system.js';

/** By both sources, so that some samples lose to a better one. */
const BY_BOTH = ['btc_usd', 'eth_usd'];
/** In one call for all. */
const BY_ONE = ['sol_usd', 'xrp_usd', 'ada_usd', 'doge_usd', 'dot_usd', 'link_usd'];
const TICKERS = [...BY_BOTH, ...BY_ONE];

const BATCH = '{ source: coingecko, batch: all }';
const CATALOGUE = `tickers:
${BY_BOTH.map((ticker) => `  - { ticker: ${ticker}, interval_seconds: 1, sources: [deribit, ${BATCH}] }`).join('\n')}
${BY_ONE.map((ticker) => `  - { ticker: ${ticker}, interval_seconds: 1, sources: [${BATCH}] }`).join('\n')}
`;

/** How many slots more are stored after the snapshot of the backup was taken and before it is read, at least. */
const SLOTS_DURING = 3;

/** A machine that runs other tests besides takes its time to start processes. */
const START_LIMIT_MS = 90_000;

const LOGIN = `Basic ${Buffer.from('tidemark:control-password').toString('base64')}`;

/** Count and sum of prices by ticker and day. */
const SUMS_SQL = `
  SELECT ticker, to_char(to_timestamp(slot) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*)::int AS stored, sum(price)::text AS sum
  FROM prices JOIN tickers ON id = ticker_id GROUP BY ticker, day ORDER BY ticker, day`;

interface DaySum {
  readonly ticker: string;
  readonly day: string;
  readonly stored: number;
  readonly sum: string;
}

/** What a database holds. */
interface Contents {
  readonly sums: readonly DaySum[];
  /** Of each table: how many rows, and the sum of the hashes of their text. */
  readonly tables: Readonly<Record<string, string>>;
  readonly newestSlot: number;
}

async function contentsOf(client: pg.Client): Promise<Contents> {
  // Of the session, so that it also holds where the transaction may only read.
  await client.query(`SET timezone = 'UTC'`);
  const sums = (await client.query<DaySum>(SUMS_SQL)).rows;
  const names = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
     ORDER BY name`,
  );
  const tables: Record<string, string> = {};
  for (const { name } of names.rows) {
    const row = await client.query<{ digest: string }>(
      `SELECT count(*) || ' rows, ' || coalesce(sum(('x' || left(md5(t::text), 12))::bit(48)::bigint), 0) AS digest FROM ${name} t`,
    );
    tables[name] = row.rows[0]?.digest ?? '';
  }
  const newest = await client.query<{ slot: string }>('SELECT max(slot) AS slot FROM prices');
  return { sums, tables, newestSlot: Number(newest.rows[0]?.slot) };
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function verify(url: string): { readonly status: number | null; readonly stdout: string } {
  const { status, stdout } = runToEnd('cli/src/main.js', ['verify'], { DATABASE_URL: url });
  return { status, stdout };
}

const PROVEN = { status: 0, stdout: expect.stringMatching(/^I1 {2}ok [^]*? unexplained\s+0\s/m) as string };

describe(`a backup of a system that samples every second on Postgres ${DEBIAN_MAJOR}`, () => {
  let server: DebianPostgres;
  let elsewhere: DebianPostgres;
  let newer: EmptyDatabase;
  let system: TestSystem;
  let folder: string;
  let file: string;
  let sourceUrl: string;
  /** Only looked at. */
  let copyUrl: string;
  /** Sampled into. */
  let successorUrl: string;
  let inSnapshot: Contents;
  /** The newest slot that the running system had stored when the backup had ended. */
  let newestAfter: number;
  let verifiedAfter: ReturnType<typeof verify>;

  beforeAll(async () => {
    server = await DebianPostgres.start();
    elsewhere = await DebianPostgres.start();
    newer = await createEmptyDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-backup-'));
    file = path.join(folder, 'tidemark.dump');
    sourceUrl = await server.createDatabase('tidemark');
    system = await TestSystem.prepare({ databaseUrl: sourceUrl, catalogue: CATALOGUE });
    await system.start('scheduler');
    await system.start('worker');
    const first = await system.priceFrom(Math.floor(Date.now() / 1000), START_LIMIT_MS);
    await seedHistory({ mode: 'demo', databaseUrl: sourceUrl, simulatorUrl: system.simulatorUrl }, first);

    await connected(sourceUrl, async (client) => {
      await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const exported = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
      inSnapshot = await contentsOf(client);
      await system.priceFrom(inSnapshot.newestSlot + SLOTS_DURING);
      await runBackupProgram('pg_dump', sourceUrl, [
        '--format=custom',
        '--exclude-schema=bullmq',
        `--snapshot=${exported.rows[0]?.snapshot}`,
        `--file=${file}`,
      ]);
      await client.query('COMMIT');
    });
    newestAfter = await system.priceFrom(Math.floor(Date.now() / 1000));
    verifiedAfter = verify(sourceUrl);
    // The machine is for its successor now.
    for (const name of ['scheduler', 'worker']) await system.end(name, 'SIGTERM');

    copyUrl = await elsewhere.createDatabase('tidemark_copy');
    successorUrl = await elsewhere.createDatabase('tidemark_successor');
    for (const url of [copyUrl, successorUrl, newer.url])
      await runBackupProgram('pg_restore', url, ['--no-owner', '--no-acl', '--exit-on-error', file]);
  }, 240_000);
  afterAll(async () => {
    await system?.stop();
    await server?.stop();
    await elsewhere?.stop();
    await newer?.drop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('is of the versions that it is meant to be of', async () => {
    expect(await server.version()).toMatch(new RegExp(`^${DEBIAN_MAJOR}\\.`));
    const [row] = await newer.ask<{ major: number }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS major`,
    );
    expect(row?.major).toBeGreaterThan(DEBIAN_MAJOR);
  });

  it('restored elsewhere, has the sums of every ticker and day of the snapshot, and every other row', async () => {
    const copy = await connected(copyUrl, contentsOf);
    expect(copy).toEqual(inSnapshot);
    expect(new Set(copy.sums.map(({ ticker }) => ticker))).toEqual(new Set(TICKERS));
    expect(new Set(copy.sums.map(({ day }) => day)).size).toBeGreaterThanOrEqual(2);
  });

  it('has nothing of what was stored after its snapshot', async () => {
    const copy = await connected(copyUrl, contentsOf);
    expect(newestAfter).toBeGreaterThanOrEqual(copy.newestSlot + SLOTS_DURING);
  });

  it('is the same in a newer Postgres', async () => {
    const { sums, newestSlot } = await connected(newer.url, contentsOf);
    expect({ sums, newestSlot }).toEqual({ sums: inSnapshot.sums, newestSlot: inSnapshot.newestSlot });
  });

  it('is proven by verify, the slots in hand at that instant being those that wait for a scheduler', () => {
    for (const url of [copyUrl, newer.url]) expect(verify(url)).toEqual(PROVEN);
  });

  it('costs the running system nothing: every slot meanwhile was planned, called and reported', async () => {
    // A busy machine may be late at one-second sampling, which is said of the sample; a backup must not keep anybody from writing.
    const range = [inSnapshot.newestSlot, newestAfter];
    const gaps = await system.pool.query(`SELECT * FROM gaps WHERE to_slot > $1 AND from_slot <= $2`, range);
    expect(gaps.rows).toEqual([]);
    const unreported = await system.pool.query(
      `SELECT * FROM samples WHERE slot BETWEEN $1 AND $2 AND reason IN ('lost', 'not_taken', 'not_enqueued', 'database_unavailable')`,
      range,
    );
    expect(unreported.rows).toEqual([]);
    expect(verifiedAfter).toEqual(PROVEN);
  });

  it('goes on as a system of its own: the role of the API and the queue are made anew, ids go on, the gap has a reason', async () => {
    const successor = await TestSystem.prepare({ databaseUrl: successorUrl });
    try {
      const control = await successor.start('scheduler');
      await successor.start('worker');
      const api = await successor.start('api');
      await successor.priceFrom(Math.floor(Date.now() / 1000), START_LIMIT_MS);
      const stored = inSnapshot.sums
        .filter(({ ticker }) => ticker === 'btc_usd')
        .reduce((sum, day) => sum + day.stored, 0);
      const answer = await eventually('the API of the successor', START_LIMIT_MS, async () => {
        const response = await fetch(`${api}/prices?ticker=btc_usd&to=${inSnapshot.newestSlot + 1}`);
        return response.ok ? ((await response.json()) as { data: unknown[] }) : undefined;
      });
      expect(answer.data).toHaveLength(stored);

      const added = await fetch(`${control}/tickers`, {
        method: 'POST',
        headers: { authorization: LOGIN, 'content-type': 'application/json' },
        body: JSON.stringify({ ticker: 'ltc_usd', interval_seconds: 1, sources: ['coingecko'] }),
      });
      expect({ status: added.status, body: await added.text() }).toMatchObject({ status: 201 });
      await successor.priceFrom(Math.floor(Date.now() / 1000) + 1, START_LIMIT_MS);
      const gaps = await successor.pool.query<{ reason: string }>(
        `SELECT DISTINCT reason FROM gaps WHERE to_slot > $1`,
        [inSnapshot.newestSlot],
      );
      expect(gaps.rows).toEqual([{ reason: 'not_planned' }]);
      expect(verify(successorUrl)).toEqual(PROVEN);
    } finally {
      await successor.stop();
    }
  }, 240_000);
});
