import { DERIBIT, insertSchedule, rowOf } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SnapshotRepository } from './snapshot.repository.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function writtenTo(minute: number): Promise<void> {
  await database.pool.query('TRUNCATE snapshot_progress');
  await database.pool.query('INSERT INTO snapshot_progress (written_to) VALUES ($1)', [minute]);
}

const SAMPLE_SQL = `
  INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, batch, rate_ticker)
  VALUES ($1, $2, ${DERIBIT}, 'rejected', 'no_conversion_rate', 'sol_usd', 'usdt_usd')`;
const PRICE_SQL = `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at) VALUES ($1, $2, 1, ${DERIBIT}, now())`;

describe('the next minute of snapshots', () => {
  it('waits for samples that may still be converted, and no longer', async () => {
    const { now } = await rowOf<{ now: number }>(
      database.pool,
      'SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now',
    );
    // The last minute whose slots are all past their grace.
    const minute = Math.floor((now - 24) / 60) * 60 - 60;
    const slot = minute + 59;
    const planned = { intervalSeconds: 1, fromSlot: minute, plannedTo: now + 3_600 };
    const { tickerId } = await insertSchedule(database.pool, { ticker: 'sol_usd', ...planned });
    const rate = await insertSchedule(database.pool, { ticker: 'usdt_usd', ...planned });
    await writtenTo(minute);
    await database.pool.query(SAMPLE_SQL, [tickerId, slot]);
    const repository = new SnapshotRepository(database.pool, new Map());
    const next = async () => (await repository.next(async () => undefined)).kind;
    // Its rate may still come.
    expect(await next()).toBe('undecided');
    await database.pool.query(PRICE_SQL, [rate.tickerId, slot]);
    await database.pool.query(PRICE_SQL, [tickerId, slot]);
    // Its rate is there, and it is about to be converted, though another source gave the price.
    expect(await next()).toBe('undecided');
    await database.pool.query('DELETE FROM prices WHERE ticker_id = $1', [rate.tickerId]);
    expect(await next()).toBe('written');
  });

  it('leaves a minute alone that another process has in hand', async () => {
    await writtenTo(0);
    const other = await database.openPool().connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM snapshot_progress FOR UPDATE');
    expect(await new SnapshotRepository(database.pool, new Map()).next(async () => undefined)).toEqual({
      kind: 'taken',
    });
    await other.query('ROLLBACK');
    other.release();
  });

  it('touches no partition but those of the minute', async () => {
    const minute = Math.floor(Date.now() / 60_000) * 60 - 3_600;
    await writtenTo(minute);
    const relations: string[] = [];
    await new SnapshotRepository(database.pool, new Map()).next(async () => {
      const { rows } = await database.pool.query<{ name: string }>(
        `SELECT DISTINCT c.relname AS name FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
         JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
         WHERE l.pid <> pg_backend_pid() AND c.relispartition AND c.relkind = 'r' ORDER BY 1`,
      );
      relations.push(...rows.map(({ name }) => name));
    });
    const monthOf = (second: number): string => new Date(second * 1000).toISOString().slice(0, 7).replace('-', 'm');
    const month = monthOf(minute);
    // A rate may be a day older than what it converts.
    const pricesOfRates = `prices_y${monthOf(minute - 86_399)}`;
    expect(relations.filter((name) => name !== pricesOfRates || name.endsWith(month))).toEqual(
      ['fetches', 'prices', 'samples'].map((table) => `${table}_y${month}`),
    );
  });
});
