import type pg from 'pg';
import { rowOf, untilBlocked } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { ensurePartitions, ensureUpcomingPartitions, PARTITIONED_TABLES } from './partitions.js';

function at(text: string): number {
  return Date.parse(text) / 1000;
}

describe('partitions', () => {
  let database: TestDatabase;
  let client: pg.PoolClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.pool.connect();
  });
  afterAll(async () => {
    client.release();
    await database.drop();
  });

  async function insertFetchAt(slot: number): Promise<string> {
    const row = await rowOf<{ partition: string }>(
      database.pool,
      `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at) VALUES (1, 'x', $1, $1::bigint + 1, 1, now()) RETURNING tableoid::regclass::text AS partition`,
      [slot],
    );
    return row.partition;
  }

  test('makes one of each table for every month that the range touches', async () => {
    const made = await ensurePartitions(client, at('2001-11-15T00:00:00Z'), at('2002-01-10T00:00:00Z'));
    expect(made).toEqual(
      ['y2001m11', 'y2001m12', 'y2002m01'].flatMap((month) => PARTITIONED_TABLES.map((table) => `${table}_${month}`)),
    );
  });

  test('makes nothing the second time', async () => {
    const [from, to] = [at('2003-05-01T00:00:00Z'), at('2003-05-31T23:59:59Z')];
    expect(await ensurePartitions(client, from, to)).toHaveLength(3);
    expect(await ensurePartitions(client, from, to)).toEqual([]);
  });

  test('a range that ends on the first second of a month needs that month', async () => {
    const made = await ensurePartitions(client, at('2003-09-30T23:59:59Z'), at('2003-10-01T00:00:00Z'));
    expect(made.filter((name) => name.startsWith('prices'))).toEqual(['prices_y2003m09', 'prices_y2003m10']);
  });

  test.each([
    ['2004-02-01T00:00:00Z', '2004-02-29T23:59:59Z', 'fetches_y2004m02', 'a leap year'],
    ['2005-02-01T00:00:00Z', '2005-02-28T23:59:59Z', 'fetches_y2005m02', 'no leap year'],
    ['2005-12-01T00:00:00Z', '2005-12-31T23:59:59Z', 'fetches_y2005m12', 'the end of a year'],
    ['2006-01-01T00:00:00Z', '2006-01-31T23:59:59Z', 'fetches_y2006m01', 'the start of a year'],
    ['2006-03-01T00:00:00Z', '2006-03-31T23:59:59Z', 'fetches_y2006m03', 'clocks that go forward'],
    ['2006-10-01T00:00:00Z', '2006-10-31T23:59:59Z', 'fetches_y2006m10', 'clocks that go back'],
  ])('a month takes its first second %s and its last %s', async (first, last, partition) => {
    await ensurePartitions(client, at(first), at(last));
    expect(await insertFetchAt(at(first))).toBe(partition);
    expect(await insertFetchAt(at(last))).toBe(partition);
  });

  test('neighbouring months leave no second out', async () => {
    await ensurePartitions(client, at('2007-01-15T00:00:00Z'), at('2008-02-15T00:00:00Z'));
    const bounds = await database.pool.query<{ bound: string }>(
      `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname ~ '^prices_y200(7|8m0[12])' AND relkind = 'r'`,
    );
    const ranges = bounds.rows
      .map(({ bound }) => [...bound.matchAll(/'(\d+)'/g)].map(([, digits]) => Number(digits)))
      .sort(([left = 0], [right = 0]) => left - right);
    expect(ranges).toHaveLength(14);
    for (const [index, [from]] of ranges.slice(1).entries()) expect(from).toBe(ranges[index]?.[1]);
  });

  test('keeps the month of a day ago, of now and two more ready, also around the end of a year', async () => {
    const made = await ensureUpcomingPartitions(client, Date.parse('2009-12-31T23:59:59.999Z'));
    const months = made.filter((name) => name.startsWith('samples'));
    expect(months).toEqual(['samples_y2009m12', 'samples_y2010m01', 'samples_y2010m02']);
    const next = await ensureUpcomingPartitions(client, Date.parse('2010-01-01T00:00:00.000Z'));
    expect(next.filter((name) => name.startsWith('samples'))).toEqual(['samples_y2010m03']);
  });

  test('the last day of a long month does not skip a short one', async () => {
    const made = await ensureUpcomingPartitions(client, Date.parse('2011-01-31T12:00:00Z'));
    expect(made.filter((name) => name.startsWith('prices'))).toEqual([
      'prices_y2011m01',
      'prices_y2011m02',
      'prices_y2011m03',
    ]);
  });

  test('several at once make each partition once and none of them fails', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => database.pool.connect()));
    try {
      const made = await Promise.all(
        clients.map((one) => ensurePartitions(one, at('2012-01-01T00:00:00Z'), at('2012-06-30T00:00:00Z'))),
      );
      expect(made.flat().sort()).toEqual([...new Set(made.flat())].sort());
      expect(made.flat()).toHaveLength(18);
    } finally {
      for (const one of clients) one.release();
    }
  });

  test('does not wait for a reader who holds the tables open, nor does anybody wait behind it', async () => {
    const reader = await database.pool.connect();
    try {
      await reader.query('BEGIN');
      for (const table of PARTITIONED_TABLES) await reader.query(`SELECT count(*) FROM ${table}`);
      expect(await ensurePartitions(client, at('2013-07-01T00:00:00Z'), at('2013-07-02T00:00:00Z'))).toHaveLength(3);
      expect(await insertFetchAt(at('2013-07-01T00:00:00Z'))).toBe('fetches_y2013m07');
      await reader.query('COMMIT');
    } finally {
      reader.release();
    }
  });

  test('does not wait for a writer who has rows in hand', async () => {
    const writer = await database.pool.connect();
    try {
      await ensurePartitions(client, at('2014-01-01T00:00:00Z'), at('2014-01-02T00:00:00Z'));
      await writer.query('BEGIN');
      await writer.query(
        `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at) VALUES (1, 'w', $1, 0, 1, now())`,
        [at('2014-01-01T00:00:00Z')],
      );
      expect(await ensurePartitions(client, at('2014-02-01T00:00:00Z'), at('2014-02-02T00:00:00Z'))).toHaveLength(3);
      await writer.query('COMMIT');
    } finally {
      writer.release();
    }
  });

  test('gives up when it cannot have its lock, leaves nothing half made, and succeeds the next time', async () => {
    const holder = await database.pool.connect();
    const [from, to] = [at('2015-03-01T00:00:00Z'), at('2015-03-02T00:00:00Z')];
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE samples IN ACCESS EXCLUSIVE MODE');
      const given = ensurePartitions(client, from, to).catch((error: unknown) => error);
      await untilBlocked(database.pool);
      expect(await given).toMatchObject({ code: '55P03' });
      await holder.query('COMMIT');
    } finally {
      holder.release();
    }
    const left = await rowOf<{ tables: string[] | null }>(
      database.pool,
      `SELECT array_agg(relname::text ORDER BY 1) AS tables FROM pg_class WHERE relname ~ 'y2015m03$'`,
    );
    expect(left.tables).toEqual(['fetches_y2015m03']);
    expect(await ensurePartitions(client, from, to)).toEqual(['samples_y2015m03', 'prices_y2015m03']);
  });

  test('a partition has the keys, indexes and checks of its table', async () => {
    await ensurePartitions(client, at('2016-01-01T00:00:00Z'), at('2016-01-02T00:00:00Z'));
    const slot = at('2016-01-01T00:00:00Z');
    await insertFetchAt(slot);
    await expect(insertFetchAt(slot)).rejects.toMatchObject({ code: '23505' });
    await expect(
      database.pool.query(
        `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at) VALUES (1, $1, -1, 1, now())`,
        [slot],
      ),
    ).rejects.toMatchObject({ code: '23514' });
    const unattached = await database.pool.query(
      `SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indrelid
       WHERE NOT EXISTS (SELECT 1 FROM pg_inherits parent WHERE parent.inhrelid = i.indexrelid)`,
    );
    expect(unattached.rows).toEqual([]);
  });

  test('a slot whose month has no partition is refused and not put elsewhere', async () => {
    await expect(insertFetchAt(at('1999-01-01T00:00:00Z'))).rejects.toMatchObject({ code: '23514' });
  });
});
