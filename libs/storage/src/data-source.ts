import { DataSource, type DataSourceOptions } from 'typeorm';
import { ScheduleEntity, SettingEntity, SourceEntity, TickerEntity, TickerSourceEntity } from './entities/index.js';
import { Spine1763600000000 } from './migrations/1-spine.migration.js';
import { Belief1763700000000 } from './migrations/2-belief.migration.js';

/** Every migration, oldest first. The last one's name is the version that a process expects of the schema. */
export const MIGRATIONS = [Spine1763600000000, Belief1763700000000];

/** The version of the schema that this build works with. */
export const SCHEMA_VERSION = 'Belief1763700000000';

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

/** A data source that is not initialised yet, for those who run without Nest. */
export function createDataSource(url: string, applicationName: string): DataSource {
  return new DataSource(dataSourceOptions(url, applicationName));
}
