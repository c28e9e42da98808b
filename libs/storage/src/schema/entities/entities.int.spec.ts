import type { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/test-database.js';
import { createDataSource } from '../data-source.js';

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly primary: boolean;
}

const TYPES: Readonly<Record<string, string>> = { int: 'integer' };

describe('entities', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  async function columnsOf(table: string): Promise<TableColumn[]> {
    const result = await database.pool.query<TableColumn>(
      `SELECT c.column_name AS name, c.data_type AS type, c.is_nullable = 'YES' AS nullable,
              EXISTS (SELECT 1 FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t USING (constraint_name, table_name)
                      WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name AND k.column_name = c.column_name) AS primary
       FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = $1 ORDER BY c.column_name`,
      [table],
    );
    return result.rows;
  }

  test.each(['settings', 'sources', 'tickers', 'schedules', 'ticker_sources'])(
    'the entity of %s has exactly the columns of its table',
    async (table) => {
      const metadata = dataSource.entityMetadatas.find((candidate) => candidate.tableName === table);
      const declared = metadata?.columns.map((column) => ({
        name: column.databaseName,
        type: TYPES[String(column.type)] ?? String(column.type),
        nullable: column.isNullable,
        primary: column.isPrimary,
      }));
      expect(declared?.sort((left, right) => left.name.localeCompare(right.name, 'en'))).toEqual(
        (await columnsOf(table)).sort((left, right) => left.name.localeCompare(right.name, 'en')),
      );
    },
  );

  test('there is no entity without a table, and none that another test does not see', () => {
    expect(dataSource.entityMetadatas.map(({ tableName }) => tableName).sort()).toEqual([
      'schedules',
      'settings',
      'sources',
      'ticker_sources',
      'tickers',
    ]);
  });

  test('a slot comes back as the number it went in as', async () => {
    const slot = 17_179_869_180;
    const ticker = await dataSource.query<{ id: number }[]>(
      `INSERT INTO tickers (ticker, base, quote) VALUES ('a_b', 'a', 'b') RETURNING id`,
    );
    const repository = dataSource.getRepository('schedules');
    await repository.insert({
      tickerId: ticker[0]?.id,
      fromSlot: slot,
      toSlot: null,
      intervalSeconds: 60,
      rule: 'priority',
      plannedTo: slot,
    });
    expect(await repository.find()).toMatchObject([{ fromSlot: slot, toSlot: null, plannedTo: slot, ruleOptions: {} }]);
  });
});
