import type pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ScheduleEntity, SettingEntity, SourceEntity, TickerEntity, TickerSourceEntity } from './entities/index.js';
import { Spine1763600000000 } from './migrations/1-spine.migration.js';
import { Belief1763700000000 } from './migrations/2-belief.migration.js';
import { Words1763800000000 } from './migrations/3-words.migration.js';
import { KnownDigits1763900000000 } from './migrations/4-known-digits.migration.js';
import { Refusals1764000000000 } from './migrations/5-refusals.migration.js';
import { RateUncertainty1764100000000 } from './migrations/6-rate-uncertainty.migration.js';
import { Snapshots1764200000000 } from './migrations/7-snapshots.migration.js';
import { AssetLists1764300000000 } from './migrations/8-asset-lists.migration.js';
import { TryPace1764400000000 } from './migrations/9-try-pace.migration.js';

/** Every migration, oldest first. The last one's name is the version that a process expects of the schema. */
export const MIGRATIONS = [
  Spine1763600000000,
  Belief1763700000000,
  Words1763800000000,
  KnownDigits1763900000000,
  Refusals1764000000000,
  RateUncertainty1764100000000,
  Snapshots1764200000000,
  AssetLists1764300000000,
  TryPace1764400000000,
];

/** The version of the schema that this build works with. */
export const SCHEMA_VERSION = 'TryPace1764400000000';

/**
 * The oldest build, named by the version it works with, that still runs on the schema of this build. A migration expands first: it adds
 * tables, columns with a default and indexes, so that this stays as it is and processes are replaced one by one. What a later build
 * no longer needs is taken away one release after the last build that used it; that migration raises this, and needs a stop of
 * every process of a build before it (docs/adr/0010-rolling-upgrades.md).
 */
export const COMPATIBLE_SINCE = 'Words1763800000000';

/** TypeORM over the database, for the catalogue and the migrations; hot paths use prepared SQL on a pool. */
export function dataSourceOptions(url: string, applicationName: string) {
  return {
    type: 'postgres',
    url,
    applicationName,
    entities: [SettingEntity, SourceEntity, TickerEntity, ScheduleEntity, TickerSourceEntity],
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'all',
    poolSize: 4,
    connectTimeoutMS: 3_000,
    logging: false,
  } as const satisfies DataSourceOptions;
}

/**
 * A data source that is not initialised yet, for those who run without Nest.
 * @param lockTimeoutMs how long a statement waits for a lock before it fails; default: for ever.
 */
export function createDataSource(url: string, applicationName: string, lockTimeoutMs = 0): DataSource {
  // By a statement on each connection: as a parameter of the connection a PgBouncer would refuse it.
  const onConnect = (client: pg.ClientBase) => client.query(`SET lock_timeout = ${lockTimeoutMs}`);
  return new DataSource({
    ...dataSourceOptions(url, applicationName),
    ...(lockTimeoutMs === 0 ? {} : { extra: { onConnect } }),
  });
}
