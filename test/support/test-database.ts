import { randomUUID } from 'node:crypto';
import { createPool } from '@app/storage';
import pg from 'pg';

/** A database of its own for one test file: a clone of the migrated template. */
export interface TestDatabase {
  /** As the owner. */
  readonly url: string;
  /** As the role that may only read. */
  readonly readerUrl: string;
  readonly pool: pg.Pool;
  /** Connections of their own, as those of another process; they end with the database. */
  openPool(): pg.Pool;
  /** Ends every connection of its pools, and removes the database. */
  drop(): Promise<void>;
}

const TEMPLATE = process.env.TEST_TEMPLATE ?? 'tidemark_test_template';

/** Copying files is faster where nothing is flushed to a disk: see the global set-up. */
const CLONE_STRATEGY = process.env.TEST_CLONE_STRATEGY ?? 'WAL_LOG';

/** Clones the template that the global set-up has migrated. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env.TEST_DATABASE_URL;
  if (adminUrl === undefined)
    throw new Error('TEST_DATABASE_URL is not set: run the tests with `npm test`, which starts a Postgres');
  const name = `tidemark_test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(adminUrl, (admin) => cloneTemplate(admin, name));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const readerUrl = new URL(url);
  readerUrl.username = 'tidemark_api';
  readerUrl.password = 'reader';
  const pools: pg.Pool[] = [];
  const openPool = (applicationName: string): pg.Pool => {
    const pool = createPool({ url: url.href, applicationName, maxConnections: 8, onIdleError: () => undefined });
    pools.push(pool);
    return pool;
  };
  return {
    url: url.href,
    readerUrl: readerUrl.href,
    pool: openPool('tidemark-test'),
    openPool: () => openPool('other'),
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await asAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Two clones at once fail with "source database is being accessed": the lock lets them follow one another. */
async function cloneTemplate(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`SELECT pg_advisory_lock(hashtext('${TEMPLATE}'))`);
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY ${CLONE_STRATEGY}`);
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
