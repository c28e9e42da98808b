import type pg from 'pg';

/** Tables that are cut into months by slot. */
export const PARTITIONED_TABLES = ['fetches', 'samples', 'prices'] as const;

/** How many months beyond the current one are kept ready: a scheduler may be off for weeks without a month going missing. */
export const MONTHS_AHEAD = 2;

/** A calendar month in UTC. */
export interface Month {
  readonly name: string;
  readonly fromSlot: number;
  readonly toSlot: number;
}

/**
 * Makes the partitions that cover `[fromSeconds, toSeconds]` and are not there yet. Safe to run from several processes.
 * A partition is made apart and attached under a short lock: `CREATE ... PARTITION OF` would wait for every open reader,
 * and everybody else behind it.
 * @returns names of the partitions made.
 */
export async function ensurePartitions(
  client: pg.ClientBase,
  fromSeconds: number,
  toSeconds: number,
): Promise<string[]> {
  const made: string[] = [];
  for (const month of monthsBetween(fromSeconds, toSeconds)) {
    for (const table of PARTITIONED_TABLES) {
      const { name, fromSlot: from, toSlot: to } = month;
      const partition = {
        ...{ table, name: `${table}_${name}` },
        check: `slot >= ${from} AND slot < ${to}`,
        values: `FOR VALUES FROM (${from}) TO (${to})`,
      };
      if (await attachPartition(client, partition)) made.push(partition.name);
    }
  }
  return made;
}

/** The months that a running system needs: the one of a day ago (history, late closes) up to {@link MONTHS_AHEAD} from now. */
export async function ensureUpcomingPartitions(client: pg.ClientBase, nowMs: number): Promise<string[]> {
  const now = new Date(nowMs);
  const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + MONTHS_AHEAD, 1);
  return ensurePartitions(client, nowMs / 1000 - 86_400, end / 1000);
}

/** The months, in UTC, from that of one instant to that of another, in UNIX seconds. */
export function monthsBetween(fromSeconds: number, toSeconds: number): Month[] {
  const months: Month[] = [];
  const first = new Date(fromSeconds * 1000);
  for (let index = 0; ; index += 1) {
    const start = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + index, 1) / 1000;
    if (start > toSeconds) return months;
    const end = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + index + 1, 1) / 1000;
    const [year, month] = new Date(start * 1000).toISOString().split('-');
    months.push({ name: `y${year}m${month}`, fromSlot: start, toSlot: end });
  }
}

/** The month of a partition by its name, such as `prices_y2025m12`; undefined when it is none of a month. */
export function monthOfPartition(name: string): Month | undefined {
  const [, year, month] = /_y(\d{4})m(\d{2})$/.exec(name) ?? [];
  if (year === undefined || month === undefined) return undefined;
  const start = Date.UTC(Number(year), Number(month) - 1, 1) / 1000;
  return monthsBetween(start, start)[0];
}

/** A partition that may have to be made. */
export interface Partition {
  readonly table: string;
  /** Its own name. */
  readonly name: string;
  /** What holds of every row in it, as SQL. */
  readonly check: string;
  /** As after ATTACH PARTITION: `FOR VALUES FROM (1) TO (2)`. */
  readonly values: string;
  /** How it is divided itself: `RANGE (slot)`. */
  readonly dividedBy?: string;
}

/** Makes one partition unless it is there. @returns whether it was made. */
export async function attachPartition(client: pg.ClientBase, partition: Partition): Promise<boolean> {
  const { table, name, check, values, dividedBy } = partition;
  if (await isAttached(client, table, name)) return false;
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = '2s'`);
    // One maker at a time; the loser of the race finds the partition attached and leaves it.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('tidemark partitions'))`);
    const isNew = !(await isAttached(client, table, name));
    if (isNew) {
      const divided = dividedBy === undefined ? '' : ` PARTITION BY ${dividedBy}`;
      await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)${divided}`);
      await client.query(`ALTER TABLE ${name} ADD CONSTRAINT ${name}_slot CHECK (${check})`);
      await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} ${values}`);
    }
    await client.query('COMMIT');
    return isNew;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** Asks the catalogue and not `to_regclass`, which may answer from a cache of before we waited for the lock. */
async function isAttached(client: pg.ClientBase, table: string, partition: string): Promise<boolean> {
  const attached = await client.query(
    `SELECT 1 FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = $1::regclass AND relname = $2`,
    [table, partition],
  );
  return attached.rowCount !== 0;
}
