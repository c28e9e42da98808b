import { sourceByName, type Source } from '@app/sources';
import { databaseNowMs, usedCredits } from '@app/storage';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { listBudget } from './list-budget.js';

describe('what a call for a list of names is allowed', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE source_states, source_credits'));

  const budget = (limited = true, access = {}) => listBudget({ pool: database.pool, access, limited });

  function source(name: string): Source {
    const found = sourceByName(name);
    if (found === undefined) throw new Error(`no source ${name}`);
    return found;
  }

  const UNTIL = 'extract(epoch FROM weighed_until)::float8 * 1000 AS until';

  /** The limit is used up for so long from now on: until when, in milliseconds since 1970. */
  async function useUp(name: string, forMs: number): Promise<number> {
    const { rows } = await database.pool.query<{ until: number }>(
      `INSERT INTO source_states (source_id, weighed_until)
       VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond') RETURNING ${UNTIL}`,
      [source(name).id, forMs],
    );
    return rows[0]?.until ?? NaN;
  }

  it('waits for its turn among the calls for prices', async () => {
    const untilMs = await useUp('kraken', 900);
    expect(await budget()(source('kraken'), 1)).toBe(true);
    // A fifth of 2.2 s may be taken early.
    expect(await databaseNowMs(database.pool)).toBeGreaterThanOrEqual(untilMs - 450);
    const taken = await database.pool.query<{ until: number }>(`SELECT ${UNTIL} FROM source_states`);
    // 45 % of one a second: the next one 2.2 s later.
    expect((taken.rows[0]?.until ?? 0) - untilMs).toBeGreaterThanOrEqual(2_200);
  });

  it('is refused when its turn does not come', async () => {
    await useUp('kraken', 60_000);
    await expect(budget()(source('kraken'), 1)).rejects.toMatchObject({ kind: 'rate_limited', source: 'kraken' });
  });

  it('is counted against the month, and refused when that is spent', async () => {
    const ask = budget(true, { coingecko: { apiKey: 'x', plan: 'demo' } });
    expect(await ask(source('coingecko'), 3)).toBe(true);
    expect(await usedCredits(database.pool, source('coingecko').id, Date.now())).toBe(3);
    await database.pool.query('UPDATE source_credits SET used = 10000');
    expect(await ask(source('coingecko'), 3)).toBe(false);
  });

  it('is anything where limits are not kept', async () => {
    await useUp('kraken', 60_000);
    expect(await budget(false)(source('kraken'), 1)).toBe(true);
  });
});
