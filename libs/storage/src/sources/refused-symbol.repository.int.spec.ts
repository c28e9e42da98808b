import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { RefusedSymbolRepository, type LearnedSymbols } from './refused-symbol.repository.js';

const KRAKEN = 7;
const DETAIL = 'error EQuery:Unknown asset pair';
const NOTHING: LearnedSymbols = { refused: [], suspects: [], answered: [] };

describe('symbols that a source refuses', () => {
  let database: TestDatabase;
  let symbols: RefusedSymbolRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    symbols = new RefusedSymbolRepository(database.pool);
    const sources = (sourceSymbol: string) => [{ sourceId: KRAKEN, sourceSymbol }];
    await catalogueTickers(
      database.url,
      ...['A', 'B', 'C'].map((name) => ({
        ticker: `${name.toLowerCase()}_usd`,
        fromSlot: 0,
        intervalSeconds: 60,
        sources: sources(name),
      })),
    );
  });
  afterEach(() => database.pool.query('DELETE FROM refused_symbols'));
  afterAll(() => database.drop());

  const refuse = (...names: string[]) =>
    symbols.learn(KRAKEN, { ...NOTHING, refused: names.map((symbol) => ({ symbol, detail: DETAIL })) });
  const suspect = (...names: string[]) =>
    symbols.learn(KRAKEN, { ...NOTHING, suspects: [{ symbols: names, detail: DETAIL }] });
  /** Moves everything that is known into the past. */
  const age = (seconds: number) =>
    database.pool.query(
      `UPDATE refused_symbols SET since = since - $1 * interval '1 second', last_tried_at = last_tried_at - $1 * interval '1 second',
         next_try_at = next_try_at - $1 * interval '1 second'`,
      [seconds],
    );
  async function waitSeconds(): Promise<number[]> {
    return (await symbols.list()).map(({ lastTriedAt, nextTryAt }) =>
      Math.round((nextTryAt.getTime() - lastTriedAt.getTime()) / 1000),
    );
  }

  it('are news to one worker, and to nobody again until they are answered', async () => {
    expect(await refuse('A')).toMatchObject({ refused: [{ symbol: 'A', detail: DETAIL, isNew: true }], released: [] });
    expect(await refuse('A')).toMatchObject({ refused: [{ symbol: 'A', isNew: false }] });
    expect(await symbols.learn(KRAKEN, { ...NOTHING, answered: ['A', 'B'] })).toEqual({ refused: [], released: ['A'] });
    expect(await symbols.list()).toEqual([]);
    expect(await refuse('A')).toMatchObject({ refused: [{ isNew: true }] });
  });

  it('are tried again after a minute, then whenever they were refused for twice as long, at most every hour', async () => {
    await refuse('A');
    expect(await waitSeconds()).toEqual([60]);
    for (const [later, wait] of [
      [60, 60],
      [60, 120],
      [120, 240],
      [3_000, 3_240],
      [3_240, 3_600],
      [86_400, 3_600],
    ] as const) {
      await age(later);
      await refuse('A');
      expect(await waitSeconds()).toEqual([wait]);
    }
  });

  it('are tried by one worker at a time', async () => {
    await refuse('A', 'B');
    expect(await symbols.beginTries(KRAKEN, ['A', 'B'])).toEqual(new Set());
    await age(61);
    const given = await Promise.all([1, 2, 3].map(() => symbols.beginTries(KRAKEN, ['A', 'B'])));
    expect(given.flatMap((one) => [...one]).sort()).toEqual(['A', 'B']);
    await age(21);
    expect(await symbols.beginTries(KRAKEN, ['A'])).toEqual(new Set(['A']));
  });

  it('are as due as before when a try was not made and is given back, unless something was learned meanwhile', async () => {
    await refuse('A', 'B');
    await age(400);
    const due = await symbols.list();
    const tries = due.map(({ symbol, nextTryAt }) => ({ symbol, nextTryMs: nextTryAt.getTime() }));
    await symbols.beginTries(KRAKEN, ['A', 'B']);
    await refuse('B');
    const [, learned] = await symbols.list();
    await symbols.giveBackTries(KRAKEN, tries);
    expect(await symbols.list()).toEqual([due[0], learned]);
    expect(await symbols.beginTries(KRAKEN, ['A', 'B'])).toEqual(new Set(['A']));
  });

  it('that are only suspect are shown to nobody, and begin when they are found guilty: they are tried again after a minute', async () => {
    expect(await suspect('A', 'B')).toEqual({ refused: [], released: [] });
    expect(await symbols.list()).toEqual([]);
    await age(7_200);
    const { refused } = await refuse('B');
    expect(refused).toMatchObject([{ symbol: 'B', isNew: true }]);
    const [found] = await symbols.list();
    expect(found?.since).toEqual(found?.lastTriedAt);
    expect(await waitSeconds()).toEqual([60]);
    // What was refused alone is not made suspect again by a call for many.
    await suspect('A', 'B');
    expect((await symbols.list()).map(({ symbol }) => symbol)).toEqual(['B']);
  });

  it('are forgotten when the catalogue no longer names them', async () => {
    await refuse('A', 'GONE');
    expect((await symbols.list()).map(({ symbol }) => symbol)).toEqual(['A']);
    expect(await symbols.forgetUnnamed()).toBe(1);
    const { rows } = await database.pool.query('SELECT source_symbol FROM refused_symbols');
    expect(rows).toEqual([{ source_symbol: 'A' }]);
  });
});
