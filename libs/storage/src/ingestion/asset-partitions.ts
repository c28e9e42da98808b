import type pg from 'pg';
import { attachPartition, monthsBetween, type Partition } from '../schema/partitions.js';

/** The tables of the raw records of the sources whose name does not say it. */
const RAW_TABLES: Readonly<Record<string, string>> = { csv: 'raw_csv_source' };

/** The table of the raw records of a source: `raw_coingecko`. */
export function rawTableOf(source: string): string {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(source)) throw new Error(`${source} is no name of a source of asset lists`);
  return RAW_TABLES[source] ?? `raw_${source}`;
}

/** Makes the tables in which raw records of a source stand that come now, where they are missing. @param nowSeconds UNIX seconds. */
export async function ensureRawPartitions(client: pg.ClientBase, source: string, nowSeconds: number): Promise<void> {
  const table = rawTableOf(source);
  await attachPartition(client, {
    ...{ table: 'raw_records', name: table, dividedBy: 'RANGE (ingested_at)' },
    check: `source = '${source}'`,
    values: `FOR VALUES IN ('${source}')`,
  });
  // A run that begins at the end of a month ends in the next one.
  for (const { name, fromSlot: from, toSlot: to } of monthsBetween(nowSeconds, nowSeconds + 86_400)) {
    await attachPartition(client, {
      ...{ table, name: `${table}_${name}` },
      check: `ingested_at >= ${from} AND ingested_at < ${to}`,
      values: `FOR VALUES FROM (${from}) TO (${to})`,
    });
  }
}

/** Names of the tables of values that are known to be there. */
export type KnownPartitions = Set<string>;

/** Makes the tables of the values of assets at these instants, where they are missing. */
export async function ensureValuePartitions(
  client: pg.ClientBase,
  instants: readonly Date[],
  known: KnownPartitions,
): Promise<void> {
  // One instant of each month stands for all of them.
  const months = new Map(instants.map((instant) => [instant.getUTCFullYear() * 12 + instant.getUTCMonth(), instant]));
  for (const instant of months.values()) {
    const partition = valuePartitionOf(instant);
    if (known.has(partition.name)) continue;
    await attachPartition(client, partition);
    known.add(partition.name);
  }
}

function valuePartitionOf(instant: Date): Partition {
  const seconds = instant.getTime() / 1000;
  const [month] = monthsBetween(seconds, seconds);
  if (month === undefined) throw new Error(`there is no month of ${instant.toISOString()}`);
  const [from, to] = [month.fromSlot, month.toSlot].map((second) => `'${new Date(second * 1000).toISOString()}'`);
  return {
    ...{ table: 'asset_values', name: `asset_values_${month.name}` },
    check: `updated_at >= ${from} AND updated_at < ${to}`,
    values: `FOR VALUES FROM (${from}) TO (${to})`,
  };
}
