import pg from 'pg';
import { MigrationExecutor } from 'typeorm';
import { makeEarlierSchema } from '../../../../../test/builders/earlier-schema.js';
import { migrateOptions } from '../../../../../test/builders/migrated-database.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../../test/support/empty-database.js';
import { createDataSource } from '../data-source.js';
import { ensurePartitions } from '../partitions.js';
import { THIS_BUILD, checkSchema, type BuildVersions } from '../schema-check.js';
import { migrate, NeedsStopError } from '../migrate.js';

/** The build of before. */
const EARLIER: BuildVersions = { version: 'Belief1763700000000', compatibleSince: 'Belief1763700000000' };

/** A slot of 2025-11-20. */
const SLOT = 1_763_640_000;

/** One of 2025-10-21. */
const OTHER_SLOT = SLOT - 30 * 86_400;

describe('the words of a database of an earlier build', () => {
  let database: EmptyDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
    await makeEarlierSchema(database, 2, SLOT);
    for (const statement of STORED) await database.ask(statement);
  });
  afterEach(() => database.drop());

  test('need a stop: nothing is renamed below running processes', async () => {
    await expect(migrate(migrateOptions(database))).rejects.toThrow(NeedsStopError);
    expect(await database.ask('SELECT benches FROM source_states')).toEqual([{ benches: 3 }]);
  });

  /** Why a build does not run on the database; undefined when it does. */
  async function adviceFor(build: BuildVersions): Promise<string | undefined> {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const state = await checkSchema(pool, build);
    await pool.end();
    return state.fits ? undefined : state.advice;
  }

  async function reasons(): Promise<unknown[]> {
    return database.ask('SELECT reason FROM samples ORDER BY source_id');
  }

  test('are looked for in no month of prices in which no circuit was open', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await ensurePartitions(client, OTHER_SLOT, OTHER_SLOT);
    await client.query(`INSERT INTO prices (ticker_id, slot, price, source_id, observed_at)
      VALUES (1, ${OTHER_SLOT}, 101.50, 1, to_timestamp(${OTHER_SLOT}))`);
    await client.end();
    const dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
    try {
      await dataSource.transaction(async (manager) => {
        await new MigrationExecutor(dataSource, manager.queryRunner).executePendingMigrations();
        // What this transaction alone has read.
        const scans = `SELECT seq_scan::int AS whole, idx_scan::int AS "byIndex" FROM pg_stat_xact_user_tables`;
        expect(await manager.query(`${scans} WHERE relname = 'prices_y2025m10'`)).toEqual([{ whole: 0, byIndex: 0 }]);
      });
    } finally {
      await dataSource.destroy();
    }
  });

  test('stay while somebody holds a late table: nothing is changed, and the next try does all of it', async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE latest');
    await expect(migrate(migrateOptions(database, { afterStop: true, tries: 1 }))).rejects.toThrow(
      /^The tables are in use by a long transaction.*Nothing was changed: run migrate again when it has ended\.$/,
    );
    expect(await database.ask('SELECT benches FROM source_states')).toEqual([{ benches: 3 }]);
    expect(await reasons()).toEqual([{ reason: 'benched' }, { reason: 'paused' }]);
    expect(await adviceFor(EARLIER)).toBeUndefined();
    await holder.end();
    expect(await migrate(migrateOptions(database, { afterStop: true }))).toBe('migrated');
    expect(await database.ask('SELECT circuit_openings FROM source_states')).toEqual([{ circuit_openings: 3 }]);
    expect(await reasons()).toEqual([{ reason: 'circuit_open' }, { reason: 'paused' }]);
  });

  test('leave no build that believes it could run when a step after the tables fails, and the next try finishes', async () => {
    const migrateQueue = () => Promise.reject(new Error('the queue store is away'));
    await expect(migrate(migrateOptions(database, { afterStop: true, migrateQueue }))).rejects.toThrow('is away');
    expect(await reasons()).toEqual([{ reason: 'circuit_open' }, { reason: 'paused' }]);
    expect(await adviceFor(EARLIER)).toMatch(/builds since Words1763800000000 run.*: use a newer build$/);
    await expect(migrate(migrateOptions(database, { build: EARLIER, afterStop: true }))).rejects.toThrow(
      'use a newer build',
    );
    expect(await adviceFor(THIS_BUILD)).toMatch(/still at work, or was interrupted: run the migrate of that build$/);
    // Nothing of before can run any more: no stop needs to be confirmed again.
    expect(await migrate(migrateOptions(database))).toBe('migrated');
    expect(await adviceFor(THIS_BUILD)).toBeUndefined();
  });

  test('become those of this one, and nothing is lost', async () => {
    await migrate(migrateOptions(database, { afterStop: true }));
    expect(
      await database.ask(
        'SELECT extract(epoch FROM circuit_open_until)::int AS until, circuit_reason, circuit_openings FROM source_states',
      ),
    ).toEqual([{ until: SLOT, circuit_reason: 'timeout', circuit_openings: 3 }]);
    expect(await database.ask('SELECT source_symbol FROM ticker_sources')).toEqual([{ source_symbol: 'btc_usd' }]);
    expect(await database.ask('SELECT source_id, outcome, reason FROM samples ORDER BY source_id')).toEqual([
      { source_id: 1, outcome: 'missed', reason: 'circuit_open' },
      { source_id: 2, outcome: 'missed', reason: 'paused' },
    ]);
    expect(await database.ask('SELECT reason FROM sample_revisions')).toEqual([{ reason: 'circuit_open' }]);
    for (const table of ['prices', 'latest', 'price_revisions']) {
      expect(await database.ask(`SELECT price::text, consensus FROM ${table}`)).toEqual([
        {
          price: '101.50',
          consensus: {
            used: ['benched'],
            left_out: [
              { source: 'deribit', price: null, reason: 'circuit_open' },
              { source: 'coingecko', price: '7', reason: 'outlier' },
            ],
          },
        },
      ]);
    }
  });
});

/** A source whose name is the old word stays what it is. */
const CONSENSUS = `'{"used": ["benched"], "left_out": [{"source": "deribit", "price": null, "reason": "benched"},
  {"source": "coingecko", "price": "7", "reason": "outlier"}]}'`;

const STORED = [
  `INSERT INTO sources (id, name) VALUES (1, 'deribit'), (2, 'coingecko')`,
  `INSERT INTO tickers (id, ticker, base, quote) VALUES (1, 'btc_usd', 'btc', 'usd')`,
  `INSERT INTO schedules (id, ticker_id, from_slot, interval_seconds, rule, planned_to)
     VALUES (1, 1, ${SLOT}, 60, 'median', ${SLOT})`,
  `INSERT INTO ticker_sources (schedule_id, source_id, position, source_name, batch, interval_seconds)
     VALUES (1, 1, 0, 'btc_usd', 'btc_usd', 60)`,
  `INSERT INTO source_states (source_id, benched_until, bench_reason, benches) VALUES (1, to_timestamp(${SLOT}), 'timeout', 3)`,
  `INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, batch)
     VALUES (1, ${SLOT}, 1, 'missed', 'benched', 'btc_usd'), (1, ${SLOT}, 2, 'missed', 'paused', 'btc_usd')`,
  `INSERT INTO sample_revisions (ticker_id, slot, source_id, revision, outcome, reason, flags, cause)
     VALUES (1, ${SLOT}, 1, 0, 'missed', 'benched', 0, 'replay')`,
  `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at, consensus)
     VALUES (1, ${SLOT}, 101.50, 0, to_timestamp(${SLOT}), ${CONSENSUS})`,
  `INSERT INTO latest (ticker_id, slot, price, source_id, observed_at, flags, consensus)
     VALUES (1, ${SLOT}, 101.50, 0, to_timestamp(${SLOT}), 0, ${CONSENSUS})`,
  `INSERT INTO price_revisions (ticker_id, slot, revision, price, source_id, observed_at, flags, consensus, cause)
     VALUES (1, ${SLOT}, 0, 101.50, 0, to_timestamp(${SLOT}), 0, ${CONSENSUS}, 'replay')`,
];
