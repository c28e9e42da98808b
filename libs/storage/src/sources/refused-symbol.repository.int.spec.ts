import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { untilBlocked } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { FetchRepository } from '../fetches/fetch.repository.js';
import { RefusedSymbolRepository, type LearnedSymbols } from './refused-symbol.repository.js';

const KRAKEN = 7;
const DETAIL = 'error EQuery:Unknown asset pair';
const NOTHING: LearnedSymbols = { refused: [], suspects: [], answered: [] };

describe('symbols that a source refuses', () => {
  let database: TestDatabase;
  let symbols: RefusedSymbolRepository;
  let fetches: FetchRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    symbols = new RefusedSymbolRepository(database.pool);
    fetches = new FetchRepository(database.pool);
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
  /** What a fetch is told of them, by symbol. */
  async function members(slot = Math.floor(Date.now() / 60_000) * 60) {
    const batches = await Promise.all(
      ['a_usd', 'b_usd', 'c_usd'].map((batch) => fetches.members({ sourceId: KRAKEN, batch, slot })),
    );
    return batches
      .flat()
      .flatMap(({ sourceSymbol, refusal }) => (refusal ? [{ ...refusal, symbol: sourceSymbol }] : []));
  }
  async function waitSeconds(): Promise<number[]> {
    return (await symbols.list()).map(({ lastTriedAt, nextTryAt }) =>
      Math.round((nextTryAt.getTime() - lastTriedAt.getTime()) / 1000),
    );
  }

  it.each([
    ['answered', { ...NOTHING, answered: ['B', 'A'] }],
    ['answered and refused', { ...NOTHING, answered: ['B'], refused: [{ symbol: 'A', detail: DETAIL }] }],
  ] as const)('are locked in one order when they are %s, so that two workers never deadlock', async (_, learned) => {
    await refuse('B');
    await refuse('A');
    const other = await database.pool.connect();
    const lock = (name: string) =>
      other.query('SELECT 1 FROM refused_symbols WHERE source_symbol = $1 FOR UPDATE NOWAIT', [name]);
    await other.query('BEGIN');
    await lock('A');
    const learning = symbols.learn(KRAKEN, learned);
    await untilBlocked(database.pool);
    // Whoever has the first one gets the second one too.
    await lock('B');
    await other.query('COMMIT');
    other.release();
    expect((await learning).released).toContain('B');
  });

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
    expect(await symbols.beginTries(KRAKEN, [['A'], ['B']])).toEqual(new Set());
    await age(61);
    const given = await Promise.all([1, 2, 3].map(() => symbols.beginTries(KRAKEN, [['A'], ['B']])));
    expect(given.flatMap((one) => [...one]).sort()).toEqual(['A', 'B']);
    await age(21);
    expect(await symbols.beginTries(KRAKEN, [['A']])).toEqual(new Set(['A']));
  });

  describe('are tried no faster than the limit leaves room for beside three batches a minute', () => {
    const tryAll = (callsPerMinute: number) => symbols.beginTries(KRAKEN, [['A'], ['B'], ['C']], callsPerMinute / 60);
    const pass = async (seconds: number) => {
      await age(seconds);
      await database.pool.query(`UPDATE source_states SET tries_from = tries_from - $1 * interval '1 second'`, [
        seconds,
      ]);
    };

    beforeEach(async () => {
      await database.pool.query('DELETE FROM source_states');
      await database.pool.query('INSERT INTO source_states (source_id) VALUES ($1)', [KRAKEN]);
      await refuse('A', 'B', 'C');
      await age(300);
    });

    it.each([
      ['all at once where there is much', 300, ['A', 'B', 'C']],
      ['two at once where there is one in ten seconds', 9, ['A', 'B']],
      ['one where there is next to none', 3.3, ['A']],
    ] as const)('%s', async (_, callsPerMinute, given) => {
      expect([...(await tryAll(callsPerMinute))]).toEqual(given);
    });

    it.each([
      [3.3, 200],
      [3.12, 500],
      [3, 600],
      [2, 600],
    ])('of %d: one in %d s, whoever asks', async (callsPerMinute, seconds) => {
      const first = await Promise.all([1, 2, 3].map(() => tryAll(callsPerMinute)));
      expect(first.flatMap((one) => [...one])).toHaveLength(1);
      await pass(seconds - 15);
      expect((await tryAll(callsPerMinute)).size).toBe(0);
      await pass(10);
      expect((await tryAll(callsPerMinute)).size).toBe(1);
    });
  });

  it('are as due as before when a try was not made and is given back, unless something was learned meanwhile', async () => {
    await refuse('A', 'B');
    await age(400);
    const due = await symbols.list();
    const tries = due.map(({ symbol, nextTryAt }) => ({ symbol, nextTryMs: nextTryAt.getTime() }));
    await symbols.beginTries(KRAKEN, [['A'], ['B']]);
    await refuse('B');
    const [, learned] = await symbols.list();
    await symbols.giveBackTries(KRAKEN, tries);
    expect(await symbols.list()).toEqual([due[0], learned]);
    expect(await symbols.beginTries(KRAKEN, [['A'], ['B']])).toEqual(new Set(['A']));
  });

  it('are due at once, and may be back, when another that was refused is answered', async () => {
    await refuse('A', 'B', 'C');
    await age(1_800);
    await refuse('A', 'B', 'C');
    expect(await waitSeconds()).toEqual([1_800, 1_800, 1_800]);
    expect(await members()).toMatchObject(Array(3).fill({ isDue: false, mayBeBack: false }));
    await age(60);
    // One that was only suspect says nothing of them, nor does one of another source.
    await symbols.learn(KRAKEN, { ...NOTHING, answered: ['D'] });
    await symbols.learn(KRAKEN - 1, { ...NOTHING, refused: [{ symbol: 'A', detail: DETAIL }] });
    await symbols.learn(KRAKEN - 1, { ...NOTHING, answered: ['A'] });
    expect(await members()).toMatchObject(Array(3).fill({ isDue: false }));
    await symbols.learn(KRAKEN, {
      ...{ ...NOTHING, answered: ['A'] },
      ...{ refused: [{ symbol: 'B', detail: DETAIL }], refusedTogether: [{ symbol: 'C', detail: DETAIL }] },
    });
    expect(await members()).toMatchObject([
      { symbol: 'B', isDue: false, mayBeBack: true },
      { symbol: 'C', isDue: true, mayBeBack: true },
    ]);
    // It was refused a moment before the source answered for another.
    expect((await waitSeconds())[0]).toBe(60);
    await symbols.learn(KRAKEN, { ...NOTHING, answered: ['C'] });
    expect(await members()).toMatchObject([{ symbol: 'B', isDue: true, mayBeBack: true }]);
    // A try that was not made leaves it as it was.
    const [due] = await symbols.list();
    await symbols.beginTries(KRAKEN, [['B']]);
    await symbols.giveBackTries(KRAKEN, [{ symbol: 'B', nextTryMs: due?.nextTryAt.getTime() ?? 0 }]);
    expect(await symbols.list()).toEqual([due]);
  });

  it('are put off for a minute by a try that says nothing of them', async () => {
    await refuse('A', 'B');
    await age(1_800);
    await symbols.beginTries(KRAKEN, [['A']]);
    await symbols.postponeTries(KRAKEN, ['A', 'C']);
    const [a, b] = await symbols.list(KRAKEN);
    expect(Math.round(((a?.nextTryAt.getTime() ?? 0) - Date.now()) / 10_000)).toBe(6);
    expect(b?.nextTryAt.getTime()).toBeLessThan(Date.now());
    expect(await symbols.list(KRAKEN - 1)).toEqual([]);
  });

  it('wait for ten minutes at most when a call for several was refused, and nobody was asked for alone', async () => {
    await refuse('A', 'B');
    await age(1_800);
    await symbols.learn(KRAKEN, {
      ...NOTHING,
      refusedTogether: ['A', 'B'].map((symbol) => ({ symbol, detail: DETAIL })),
    });
    expect(await waitSeconds()).toEqual([600, 600]);
    expect(await members()).toMatchObject(Array(2).fill({ isDue: false, mayBeBack: true }));
    await refuse('A');
    expect((await waitSeconds())[0]).toBeGreaterThanOrEqual(1_800);
  });

  it('are left to whoever tries them at the moment when another is answered', async () => {
    await refuse('A', 'B');
    await age(61);
    await symbols.beginTries(KRAKEN, [['B']]);
    const [, begun] = await symbols.list();
    await symbols.learn(KRAKEN, { ...NOTHING, answered: ['A'] });
    expect(await symbols.list()).toEqual([begun]);
  });

  it('are tried again after ten minutes at most when the list of the source has them', async () => {
    await refuse('A', 'B', 'C');
    await age(7_200);
    await refuse('A', 'B');
    await age(300);
    await symbols.beginTries(KRAKEN, [['C']]);
    const [, , begun] = await symbols.list();
    for (let times = 0; times < 2; times += 1) {
      await symbols.shortenWaits(KRAKEN, ['A', 'C']);
      expect((await waitSeconds()).slice(0, 2)).toEqual([600, 3_600]);
    }
    expect((await symbols.list())[2]).toEqual(begun);
    expect(await members()).toMatchObject([{ mayBeBack: true, isDue: false }, { mayBeBack: false }, {}]);
  });

  describe.each([60, 600, 3_600])('of a ticker of %i s', (intervalSeconds) => {
    const slot = (Math.floor(Date.now() / 3_600_000) - 1) * 3_600;
    /** A try that is due, or a group that is suspect, since a second. */
    const setDueSince = async (second: number) => {
      await database.pool.query(
        `UPDATE refused_symbols SET last_tried_at = to_timestamp($1::float8) - interval '1 minute',
           next_try_at = CASE WHEN next_try_at IS NOT NULL THEN to_timestamp($1::float8) END`,
        [second],
      );
      await database.pool.query(
        `UPDATE refused_symbols SET last_tried_at = to_timestamp($1::float8) WHERE next_try_at IS NULL`,
        [second],
      );
    };
    const answerAt = (second: number) =>
      database.pool.query(
        `INSERT INTO source_states (source_id, last_success_at) VALUES ($1, to_timestamp($2))
         ON CONFLICT (source_id) DO UPDATE SET last_success_at = EXCLUDED.last_success_at`,
        [KRAKEN, second],
      );
    beforeEach(async () => {
      await database.pool.query('UPDATE ticker_sources SET interval_seconds = $1', [intervalSeconds]);
      await refuse('A');
      await suspect('B');
    });
    afterEach(() => database.pool.query('UPDATE ticker_sources SET interval_seconds = 60'));
    const overdue = async () => (await members(slot)).map(({ isOverdue }) => isOverdue);
    const passedOver = async () => (await members(slot)).map(({ wasPassedOver }) => wasPassedOver);

    it('are not overdue in the first slot in which they can be asked for, however long the interval is', async () => {
      await answerAt(slot);
      await setDueSince(slot - intervalSeconds + 1);
      expect(await overdue()).toEqual([false, false]);
      expect(await passedOver()).toEqual([false, false]);
    });

    it('are overdue when the slot before passed them over while the source answered for others, and nobody sooner', async () => {
      await setDueSince(slot - intervalSeconds - 1);
      await answerAt(slot - intervalSeconds - 2);
      expect(await overdue()).toEqual([false, false]);
      await answerAt(slot - intervalSeconds + 1);
      expect(await overdue()).toEqual([true, true]);
      expect(await passedOver()).toEqual([true, true]);
    });
  });

  it('are not overdue before minutes are over', async () => {
    await refuse('A');
    const slot = Math.floor(Date.now() / 60_000) * 60;
    await database.pool.query(`UPDATE refused_symbols SET next_try_at = now() - interval '4 minutes'`);
    await database.pool.query(
      `INSERT INTO source_states (source_id, last_success_at) VALUES ($1, now()) ON CONFLICT (source_id) DO UPDATE SET last_success_at = now()`,
      [KRAKEN],
    );
    expect(await members(slot)).toMatchObject([{ wasPassedOver: true, isOverdue: false }]);
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
