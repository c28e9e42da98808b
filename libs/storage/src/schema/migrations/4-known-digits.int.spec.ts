import { makeEarlierSchema } from '../../../../../test/builders/earlier-schema.js';
import { migrateOptions } from '../../../../../test/builders/migrated-database.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../../test/support/empty-database.js';
import { MIGRATIONS } from '../data-source.js';
import { migrate } from '../migrate.js';
import { KnownDigits1763900000000 } from './4-known-digits.migration.js';

/** A slot of 2025-11-20. */
const SLOT = 1_763_640_000;

/** Whether prices of before may be stored for about a day from now on. */
const UNTIL_TOMORROW = `SELECT (value #>> '{}')::timestamptz BETWEEN now() + interval '23 hours' AND now() + interval '25 hours' AS fits
  FROM settings WHERE key = 'former_rules_until'`;

describe('until when prices may have been calculated by the rules of before', () => {
  let database: EmptyDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
    await makeEarlierSchema(database, MIGRATIONS.indexOf(KnownDigits1763900000000), SLOT);
  });
  afterEach(() => database.drop());

  test('is a day after the update: builds of before may run on for that long', async () => {
    await database.ask(`INSERT INTO tickers (ticker, base, quote) VALUES ('btc_usd', 'btc', 'usd')`);
    await database.ask(`INSERT INTO samples (ticker_id, slot, source_id, outcome, price, batch)
      SELECT id, ${SLOT}, 1, 'accepted', 100, 'btc_usd' FROM tickers`);
    await migrate(migrateOptions(database));
    expect(await database.ask(UNTIL_TOMORROW)).toEqual([{ fits: true }]);
  });

  test('is never in a database without a sample', async () => {
    await migrate(migrateOptions(database));
    expect(await database.ask(UNTIL_TOMORROW)).toEqual([]);
  });
});
