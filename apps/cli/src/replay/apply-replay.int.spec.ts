import type { Source } from '@app/sources';
import { LIVED_INTERVAL } from '../../../../test/support/lived-slots.js';
import {
  all,
  betterDeribit,
  bitstamp,
  coingecko,
  deribit,
  emptyDeribit,
  END,
  FROM,
  otherDeribit,
  priceAt,
  RENAMED,
  ReplayedPast,
  SLOTS,
} from '../../../../test/builders/replayed-past.js';

const [DERIBIT, COINGECKO] = [1, 2];

describe('a replay that stores what differs', () => {
  let past: ReplayedPast;

  beforeEach(async () => {
    past = await ReplayedPast.open();
  }, 60_000);
  afterEach(() => past.close());

  it('stores what a better parser reads: samples, prices by each rule, latest and candles, with the old ones kept', async () => {
    const better = [betterDeribit, coingecko, bitstamp];
    const { status, counts } = await past.replay(better, { apply: true });
    expect(status).toBe(0);
    expect(counts.at(-1)).toBe('Stored: 3 samples and 3 prices have a new revision.');

    const [corrected] = (await past.prices('btc_usd')).filter(({ slot }) => slot === RENAMED);
    expect(corrected).toEqual({ slot: RENAMED, price: `${priceAt(RENAMED)}.50`, source_id: DERIBIT, revision: 1 });
    expect(
      await past.rows('SELECT slot, revision, price::text, source_id, cause FROM price_revisions WHERE source_id = 2'),
    ).toEqual([
      {
        slot: RENAMED,
        revision: 0,
        price: String(priceAt(RENAMED) + 1),
        source_id: COINGECKO,
        cause: expect.stringMatching(/^replay: parser [0-9a-f]{12} -> [0-9a-f]{12}$/),
      },
    ]);
    // It had none before, so that there is nothing to keep.
    expect((await past.prices('sol_usd')).filter(({ slot }) => slot === RENAMED)).toMatchObject([{ revision: 0 }]);
    expect((await past.prices('eth_usd')).filter(({ slot }) => slot === RENAMED)).toMatchObject([
      { source_id: 0, revision: 1 },
    ]);
    expect(await past.rows(`SELECT DISTINCT outcome, reason, revision FROM sample_revisions`)).toEqual([
      { outcome: 'failed', reason: 'drift', revision: 0 },
    ]);

    expect(await past.broken()).toEqual([]);
    expect(await past.replay(better)).toMatchObject({ status: 0, differences: [] });
    expect(await past.replay(better, { apply: true })).toMatchObject({ status: 0, differences: [] });
  });

  it('moves latest and candles with a price that reads otherwise', async () => {
    const other = [otherDeribit, coingecko, bitstamp];
    // Seven dollars more in every slot but the renamed one, where it could not be read at all.
    const { differences } = await past.replay(other, { source: 'deribit', apply: true });
    expect(differences).toHaveLength(3 * SLOTS);
    expect(await past.prices('btc_usd')).toEqual(
      Array.from({ length: SLOTS }, (_, index) => {
        const slot = FROM + index * LIVED_INTERVAL;
        return { slot, price: String(priceAt(slot) + 7), source_id: DERIBIT, revision: 1 };
      }),
    );
    const [latest] = await past.rows(
      `SELECT slot, price::text FROM latest JOIN tickers t ON t.id = ticker_id WHERE t.ticker = 'btc_usd'`,
    );
    expect(latest).toEqual({ slot: END - LIVED_INTERVAL, price: String(priceAt(END - LIVED_INTERVAL) + 7) });
    expect(await past.broken()).toEqual([]);
  });

  it('falls back on the next source, or on none, where a price is not believed any more', async () => {
    const { status } = await past.replay([emptyDeribit, coingecko, bitstamp], { apply: true });
    expect(status).toBe(0);
    expect((await past.prices('btc_usd')).map(({ source_id }) => source_id)).toEqual(Array(SLOTS).fill(COINGECKO));
    expect(await past.prices('sol_usd')).toEqual([]);
    expect(
      await past.rows(`SELECT 1 FROM latest JOIN tickers t ON t.id = ticker_id WHERE t.ticker = 'sol_usd'`),
    ).toEqual([]);
    expect(
      await past.rows(`SELECT 1 FROM candles JOIN tickers t ON t.id = ticker_id WHERE t.ticker = 'sol_usd'`),
    ).toEqual([]);
    expect(await past.broken()).toEqual([]);

    // And back again: the numbers of revisions go on, also where there was no price in between.
    await past.replay(all, { apply: true });
    const back = await past.prices('sol_usd');
    expect(back.map(({ slot }) => slot)).toEqual(
      (await past.prices('btc_usd')).map(({ slot }) => slot).filter((slot) => slot !== RENAMED),
    );
    expect(new Set(back.map(({ revision }) => revision))).toEqual(new Set([1]));
    expect(
      (await past.prices('btc_usd')).filter(({ slot }) => slot !== RENAMED).every(({ revision }) => revision === 2),
    ).toBe(true);
    expect(await past.broken()).toEqual([]);
  });

  /** Coingecko, as if it read another price of Circle's dollar. */
  function reading(change: { readonly price: string; readonly inverted?: true }): Source {
    const [endpoint] = coingecko.endpoints;
    const parse: typeof endpoint.parse = (reader, tickers) =>
      endpoint
        .parse(reader, tickers)
        .map((one) => ('price' in one && one.ticker === 'usdc_usd' ? { ...one, ...change } : one));
    return { ...coingecko, endpoints: [{ ...endpoint, parse }] };
  }

  it('knows a price no better than the rate that converts it, also when that is corrected and calculated itself', async () => {
    const kept = (table: string, uncertainty: string) =>
      past.rows(`SELECT DISTINCT ${uncertainty}::text AS kept FROM ${table} JOIN tickers t ON t.id = ticker_id
        WHERE t.ticker = '${uncertainty === 'uncertainty' ? 'usdc_usd' : 'sol_usd'}' AND ${uncertainty} IS NOT NULL`);
    const inverting = [deribit, reading({ price: '1.000200', inverted: true }), bitstamp];
    expect((await past.replay(inverting, { apply: true })).status).toBe(0);
    expect(await kept('prices', 'uncertainty')).toEqual([{ kept: '0.00000054' }]);
    expect(await kept('samples', 'rate_uncertainty')).toEqual([{ kept: '0.00000054' }]);
    expect(await past.broken()).toEqual([]);
    expect(await past.replay(inverting)).toMatchObject({ status: 0, differences: [] });

    // 1 / 0.999 is written with five digits, of which three are known. And back.
    await past.fixture.database.pool.query(
      `UPDATE schedules SET rule_options = '{"checks":{"max_uncertainty_ratio":0.0004}}'
       WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'sol_usd')`,
    );
    const coarse = [deribit, reading({ price: '0.999', inverted: true }), bitstamp];
    await past.replay(coarse, { apply: true });
    expect((await past.prices('usdc_usd'))[0]).toMatchObject({ price: '1.0010' });
    expect(await past.prices('sol_usd')).toEqual([]);
    expect(await past.rows(`SELECT DISTINCT reason FROM samples WHERE rate IS NOT NULL`)).toEqual([
      { reason: 'imprecise' },
    ]);
    expect(await past.broken()).toEqual([]);
    await past.replay(all, { apply: true });
    expect(await kept('prices', 'uncertainty')).toEqual([]);
    expect(await kept('samples', 'rate_uncertainty')).toEqual([]);
    expect(await kept('price_revisions', 'uncertainty')).toContainEqual({ kept: '0.00000054' });
    expect(await kept('sample_revisions', 'rate_uncertainty')).toContainEqual({ kept: '0.00000054' });
    expect(await past.broken()).toEqual([]);
    expect(await past.replay(all)).toMatchObject({ status: 0, differences: [] });
  });

  it('converts anew what was converted with a rate that is corrected', async () => {
    const lower = reading({ price: '0.50000' });
    const withoutJumps = { checks: { jump_ratio: null } };
    await past.fixture.database.pool.query('UPDATE schedules SET rule_options = $1', [withoutJumps]);
    const { status, differences } = await past.replay([deribit, lower, bitstamp], { apply: true });
    expect(status).toBe(0);
    const first = priceAt(FROM);
    expect(differences).toContainEqual(
      expect.stringMatching(
        `sol_usd deribit: accepted ${Math.round((first + 0.5) * 0.9998)} -> accepted ${((first + 0.5) / 2).toFixed(1)}`,
      ),
    );
    expect((await past.prices('sol_usd'))[0]).toMatchObject({
      price: ((first + 0.5) / 2).toFixed(1),
      revision: 1,
    });
    expect(await past.broken()).toEqual([]);
  });

  it('decides a refused median again when a sample of the slot is corrected', async () => {
    const { pool } = past.fixture.database;
    await past.replay([emptyDeribit, coingecko, bitstamp], { apply: true });
    // Two of three are left; with three asked for there is no quorum.
    await pool.query(`UPDATE schedules SET rule_options = '{"median":{"minimum_sources":3}}' WHERE rule = 'median'`);
    await past.replay(all, { source: 'deribit', apply: true });
    await past.replay([emptyDeribit, coingecko, bitstamp], { source: 'deribit', apply: true });
    expect(await past.prices('eth_usd')).toEqual([]);
    expect(await past.rows(`SELECT DISTINCT reason FROM gaps`)).toEqual([{ reason: 'no_quorum' }]);
    await past.replay(all, { source: 'deribit', apply: true });
    const priced = (await past.prices('eth_usd')).map(({ slot }) => slot);
    expect(priced).toHaveLength(SLOTS - 1);
    const gaps = await past.rows<{ from_slot: number; to_slot: number }>(
      'SELECT from_slot, to_slot FROM gaps ORDER BY from_slot',
    );
    expect(gaps).toEqual([{ from_slot: RENAMED, to_slot: RENAMED + 1 }]);
    expect(await past.broken()).toEqual([]);
  });
});
