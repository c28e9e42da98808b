import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { RunLock, RunLockLostError } from './run-lock.js';

const SOURCE = 'coingecko';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('the lock of a run', () => {
  it('is lost by a process that says nothing for so long, and kept by one that does', async () => {
    const frozen = await RunLock.take(database.pool, SOURCE, { idleSeconds: 2, beatSeconds: 60 });
    const alive = await RunLock.take(database.pool, 'csv', { idleSeconds: 2, beatSeconds: 0.1 });
    await new Promise((resolve) => frozen?.lost.addEventListener('abort', resolve));
    expect(frozen?.lost.reason).toBeInstanceOf(RunLockLostError);
    const next = await RunLock.take(database.pool, SOURCE);
    expect(next).toBeDefined();
    expect(await RunLock.take(database.openPool(), 'csv')).toBeUndefined();
    expect(alive?.lost.aborted).toBe(false);
    for (const lock of [frozen, alive, next]) await lock?.release();
  });
});
