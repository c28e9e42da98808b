import { callCostOf, sourceByName, type Source } from '@app/sources';
import { usedCredits } from '@app/storage';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { publishedBudget } from './source-budget.js';

const PAID = { coincap: { apiKey: 'x', plan: 'paid' } };
const T = Date.UTC(2026, 10, 20, 12);

describe('what the sources publish', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE source_states, source_credits'));

  function ask(source: Source, count: number, access = {}) {
    const tickers = Array.from({ length: count }, (_, index) => ({
      ticker: `t${index}_usd`,
      sourceSymbol: `T${index}USDT`,
    }));
    return publishedBudget(database.pool, access).take(source, callCostOf(source, tickers), T);
  }

  function source(name: string): Source {
    const found = sourceByName(name);
    if (found === undefined) throw new Error(`no source ${name}`);
    return found;
  }

  it('spreads the calls of a source that publishes calls a second, whenever their jobs were taken', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(source('deribit'), 1)));
    // 45 % of 20 a second.
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(9);
    // One a second at the most: 45 % of that is one in 2.2 s, and a fifth of it may be left.
    expect(await ask(source('kraken'), 40)).toEqual({ kind: 'granted' });
    expect(await ask(source('kraken'), 40)).toEqual({ kind: 'later', afterMs: 1_778 });
  });

  it('counts the calls of a source whose calls weigh the same over minutes, and no month', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask(source('coincap'), 1, PAID)));
    // 45 % of 500 a minute, and 267 ms for each.
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(225);
    expect(await ask(source('coincap'), 1, PAID)).toEqual({ kind: 'later', afterMs: 267 });
    expect(await usedCredits(database.pool, source('coincap').id, T)).toBe(0);
  });

  it('counts calls that weigh by their weight, and says when there is room for the next', async () => {
    const binance = source('binance');
    const answers = await Promise.all(Array.from({ length: 700 }, () => ask(binance, 300)));
    // 45 % of 6,000 a minute, and 4 for each call.
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(675);
    const refused = await ask(binance, 300);
    expect(refused.kind).toBe('later');
    // 4 of 2,700 flow back in 89 ms.
    expect(refused.kind === 'later' && refused.afterMs).toBeLessThanOrEqual(89);
  });

  it('grants the calls of a month, and no more', async () => {
    const coingecko = source('coingecko');
    const access = { coingecko: { apiKey: 'x', plan: 'demo' } };
    expect(await ask(coingecko, 40, access)).toEqual({ kind: 'granted' });
    expect(await usedCredits(database.pool, coingecko.id, T)).toBe(1);
    await database.pool.query('UPDATE source_credits SET used = 10000');
    expect(await ask(coingecko, 40, access)).toEqual({ kind: 'no_credits' });
  });

  it('counts no month for a plan that has none', async () => {
    const coingecko = source('coingecko');
    expect(await ask(coingecko, 40)).toEqual({ kind: 'granted' });
    expect(await usedCredits(database.pool, coingecko.id, T)).toBe(0);
  });
});
