import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import {
  checkMode,
  readMode,
  readSimulations,
  recordSimulation,
  writeMode,
  WrongModeError,
} from './settings.repository.js';

describe('settings', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE settings'));

  test('the mode is unknown until it is written', async () => {
    expect(await readMode(database.pool)).toBeUndefined();
    await expect(checkMode(database.pool, 'live')).rejects.toThrow(WrongModeError);
  });

  test.each(['live', 'simulated'] as const)('a database stays %s', async (mode) => {
    const other = mode === 'live' ? 'simulated' : 'live';
    await writeMode(database.pool, mode);
    await writeMode(database.pool, mode);
    await expect(writeMode(database.pool, other)).rejects.toThrow(WrongModeError);
    expect(await readMode(database.pool)).toBe(mode);
    await checkMode(database.pool, mode);
    await expect(checkMode(database.pool, other)).rejects.toThrow(`TIDEMARK_MODE=${mode}`);
  });

  test('of two who write different modes at once one wins and the other is refused', async () => {
    const written = await Promise.allSettled([writeMode(database.pool, 'live'), writeMode(database.pool, 'simulated')]);
    expect(written.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('what the simulator priced by is kept in order, and the same again is not repeated', async () => {
    expect(await readSimulations(database.pool)).toEqual([]);
    const first = { since: 100, seed: 'one', history: null };
    const second = { since: 200, seed: 'it\'s "two" \\', history: '/tmp/bars.csv' };
    await recordSimulation(database.pool, first);
    await recordSimulation(database.pool, { ...first, since: 150 });
    await recordSimulation(database.pool, second);
    await recordSimulation(database.pool, { ...first, since: 300 });
    expect(await readSimulations(database.pool)).toEqual([first, second, { ...first, since: 300 }]);
  });
});
