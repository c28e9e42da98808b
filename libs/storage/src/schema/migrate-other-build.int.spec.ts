import { migrateOptions, pictureOf } from '../../../../test/builders/migrated-database.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../test/support/empty-database.js';
import { COMPATIBLE_SINCE, SCHEMA_VERSION } from './data-source.js';
import { migrate } from './migrate.js';

describe('migrate, on a database that another build has migrated', () => {
  let database: EmptyDatabase;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  const later = { version: 'Later1999999999999', compatibleSince: SCHEMA_VERSION };

  async function storedSchema(): Promise<unknown> {
    const rows = await database.ask<{ key: string; value: string }>(
      `SELECT key, value #>> '{}' AS value FROM settings WHERE key IN ('schema', 'compatible_since')`,
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }

  test('stores its version and the oldest build that runs on the schema', async () => {
    expect(await migrate(migrateOptions(database))).toBe('migrated');
    expect(await storedSchema()).toEqual({ schema: SCHEMA_VERSION, compatible_since: COMPATIBLE_SINCE });
  });

  test('leaves the schema of a later, compatible build as it is, so that a build can be rolled back', async () => {
    await migrate(migrateOptions(database, { build: later }));
    const before = await pictureOf(database);
    expect(await migrate(migrateOptions(database, { sources: [{ id: 9, name: 'other' }] }))).toBe('later');
    expect(await pictureOf(database)).toBe(before);
  });

  test('refuses the schema of a later build that has left this one behind, and changes nothing', async () => {
    await migrate(migrateOptions(database, { build: { ...later, compatibleSince: later.version } }));
    const before = await pictureOf(database);
    await expect(migrate(migrateOptions(database))).rejects.toThrow(/builds since Later1999999999999 run.*use a newer/);
    expect(await pictureOf(database)).toBe(before);
  });

  test('refuses the schema of a later, compatible build whose migration was interrupted, and changes nothing', async () => {
    await migrate(migrateOptions(database, { build: later }));
    await database.ask(`UPDATE settings SET value = 'false' WHERE key = 'schema_finished'`);
    const before = await pictureOf(database);
    await expect(migrate(migrateOptions(database))).rejects.toThrow(
      /Later1999999999999 was interrupted: run the migrate/,
    );
    expect(await pictureOf(database)).toBe(before);
  });

  test('a breaking one says that it needs a stop, changes nothing, and runs when the stop is confirmed', async () => {
    await migrate(migrateOptions(database));
    const before = await pictureOf(database);
    const build = { ...later, compatibleSince: later.version };
    await expect(migrate(migrateOptions(database, { build }))).rejects.toThrow(
      /^This update needs a stop: .*run migrate with MIGRATE_AFTER_STOP=true\.$/,
    );
    expect(await pictureOf(database)).toBe(before);
    await migrate(migrateOptions(database, { build, afterStop: true }));
    expect(await storedSchema()).toEqual({ schema: later.version, compatible_since: later.version });
  });

  test('a breaking one needs no stop where nothing can run yet', async () => {
    const build = { ...later, compatibleSince: later.version };
    expect(await migrate(migrateOptions(database, { build }))).toBe('migrated');
  });

  test('refuses the other mode before it changes the schema of an older build', async () => {
    await database.ask(`CREATE TABLE settings (key text PRIMARY KEY, value jsonb NOT NULL)`);
    await database.ask(`INSERT INTO settings VALUES ('mode', '"live"')`);
    await expect(migrate(migrateOptions(database, { mode: 'simulated' }))).rejects.toThrow('set TIDEMARK_MODE=live');
    expect(
      await database.ask(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`),
    ).toEqual([{ relname: 'settings' }]);
  });
});
