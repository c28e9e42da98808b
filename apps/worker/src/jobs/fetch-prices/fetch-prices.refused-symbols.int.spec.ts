import type { BudgetAnswer } from '@app/domain';
import type { FetchJob } from '@app/queue';
import { RefusedSymbolRepository, SourceStateRepository } from '@app/storage';
import { fetchState, planFetches, pricesOf } from '../../../../../test/builders/planned-fetch.js';
import { EXCHANGES, ExchangeUpstream } from '../../../../../test/support/exchange-upstream.js';
import { FetchFixture } from '../../../../../test/support/fetch-fixture.js';

const SYMBOLS = {
  kraken: ['XBTUSD', 'ETHUSD', 'SOLUSD', 'ADAUSD'],
  binance: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'ADAUSDT'],
};
const TICKERS = ['btc_usd', 'eth_usd', 'sol_usd', 'ada_usd'];
const SOURCE_IDS = { kraken: 7, binance: 5 };

type ExchangeName = keyof typeof EXCHANGES;

describe.each(['kraken', 'binance'] as const)('a symbol of a batch that %s refuses', (name: ExchangeName) => {
  let fixture: FetchFixture;
  let upstream: ExchangeUpstream;
  let symbols: RefusedSymbolRepository;
  let first: FetchJob;
  /** Of the calls that the budget grants before it says that its limit is used up; a call that waits is granted then. */
  let room: number;
  /** When a call may be made for which there is no room, in milliseconds. */
  let later: number;
  /** What the budget says then; undefined: later. */
  let noRoom: BudgetAnswer | undefined;
  const [healthyA = '', healthyB = '', delisted = '', healthyD = ''] = SYMBOLS[name];
  const healthy = [healthyA, healthyB, healthyD];
  const all = SYMBOLS[name];
  const named = (...list: readonly string[]): string => list.join(',');
  const priced = Object.fromEntries(['btc_usd', 'eth_usd', 'ada_usd'].map((ticker) => [ticker, '100']));

  beforeEach(async () => {
    room = Infinity;
    later = 60_000;
    noRoom = undefined;
    const take = async (): Promise<BudgetAnswer> =>
      room-- > 0 ? { kind: 'granted' } : (noRoom ?? { kind: 'later', afterMs: later });
    fixture = await FetchFixture.start(undefined, { take });
    upstream = new ExchangeUpstream(fixture.source, EXCHANGES[name], () => fixture.now());
    upstream.listed = healthy;
    upstream.delisted.add(delisted);
    symbols = new RefusedSymbolRepository(fixture.database.pool);
    first = await fixture.slot(
      60,
      ...TICKERS.map((ticker, index) => ({
        ticker,
        sources: [{ sourceId: SOURCE_IDS[name], sourceSymbol: all[index] ?? '', batch: 'usd' }],
      })),
    );
  });
  afterEach(() => fixture.stop());

  /** Runs the fetch of the slot so many minutes after the first. @returns what the source was asked meanwhile. */
  async function minute(number: number): Promise<string[]> {
    const slot = first.slot + number * 60;
    const [key = first] = number === 0 ? [first] : await planFetches(fixture.database.pool, slot);
    upstream.calls = [];
    fixture.setClock(slot * 1000 + 100);
    await fixture.run(key);
    return upstream.calls;
  }
  const prices = (number: number) => pricesOf(fixture.database.pool, first.slot + number * 60);
  async function samples(number: number): Promise<Record<string, string>> {
    const { rows } = await fixture.database.pool.query<{ ticker: string; said: string }>(
      `SELECT t.ticker, coalesce(s.reason || ': ' || coalesce(s.detail, ''), s.outcome) AS said
       FROM samples s JOIN tickers t ON t.id = s.ticker_id WHERE s.slot = $1`,
      [first.slot + number * 60],
    );
    return Object.fromEntries(rows.map(({ ticker, said }) => [ticker, said]));
  }
  async function health() {
    const [state] = await new SourceStateRepository(fixture.database.pool).list();
    return state;
  }
  /** Its next try was due so many seconds ago. */
  const becomeDue = (seconds = 1) =>
    fixture.database.pool.query(
      `UPDATE refused_symbols SET next_try_at = now() - $1 * interval '1 second', last_tried_at = now() - ($1 + 60) * interval '1 second'`,
      [seconds],
    );
  const log = (event: string) => fixture.log.lines.filter((line) => line['event'] === event);

  it('costs the others nothing: it is found in the same slot, left out of the next, and named', async () => {
    expect(await minute(0)).toEqual([named(...all), 'list', named(...healthy), delisted]);
    expect(await prices(0)).toEqual(priced);
    const words = name === 'kraken' ? /error EQuery:Unknown asset pair/ : /error -1121 Invalid symbol/;
    expect((await samples(0))['sol_usd']).toMatch(words);
    expect(await minute(1)).toEqual([named(...healthy)]);
    expect(await prices(1)).toEqual(priced);
    expect((await samples(1))['sol_usd']).toMatch(
      new RegExp(
        `^not_found: ${name} refuses ${delisted} since 2\\d{3}-.*Z \\(.*\\); it is asked again at 2\\d{3}-.*Z$`,
      ),
    );
    expect(await symbols.list()).toMatchObject([{ symbol: delisted, sourceId: SOURCE_IDS[name] }]);
    expect(await health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
    expect(log('source_symbol_refused')).toMatchObject([{ source: name, source_symbol: delisted }]);
  });

  it('is tried again by a call of its own, and back in the slot in which it is answered', async () => {
    await minute(0);
    await becomeDue();
    expect(await minute(1)).toEqual([named(...healthy), delisted]);
    expect(await prices(1)).toEqual(priced);
    upstream.delisted.clear();
    expect(await minute(2)).toEqual([named(...healthy)]);
    await becomeDue();
    expect(await minute(3)).toEqual([named(...healthy), delisted]);
    expect(await prices(3)).toEqual({ ...priced, sol_usd: '100' });
    expect(await minute(4)).toEqual([named(...all)]);
    expect(await symbols.list()).toEqual([]);
    expect(log('source_symbol_refused')).toHaveLength(1);
    expect(log('source_symbol_answered')).toHaveLength(1);
  });

  it('stays due while the limit has no room for its try, and comes first after some minutes', async () => {
    await minute(0);
    upstream.delisted.clear();
    await becomeDue();
    const [due] = await symbols.list();
    for (const number of [1, 2]) {
      room = 1;
      expect(await minute(number)).toEqual([named(...healthy)]);
      expect((await samples(number))['sol_usd']).toMatch(new RegExp(`^not_found: ${name} refuses ${delisted} since `));
      expect(await symbols.list()).toEqual([due]);
    }
    await becomeDue(301);
    room = 1;
    expect(await minute(3)).toEqual([delisted]);
    expect(await prices(3)).toEqual({ sol_usd: '100' });
    room = 1;
    expect(await minute(4)).toEqual([named(...all)]);
  });

  it('is tried in the slot in which it is due, also when its fetch had to wait for room, or was called twice', async () => {
    await minute(0);
    upstream.delisted.clear();
    await becomeDue();
    room = 0;
    const slot = first.slot + 60;
    const [key = first] = await planFetches(fixture.database.pool, slot);
    fixture.setClock(slot * 1000 + 100);
    upstream.calls = [];
    later = 1_000;
    await expect(fixture.run(key)).rejects.toThrow('its limit is used up for the moment');
    room = Infinity;
    upstream.failWith = (call) => (call === 1 ? 503 : undefined);
    await expect(fixture.run(key)).rejects.toThrow('503');
    await fixture.run(key);
    expect(upstream.calls).toEqual([named(...healthy), named(...healthy), delisted]);
    expect(await prices(1)).toEqual({ ...priced, sol_usd: '100' });
  });

  it('is found by halving where the list still has it, or cannot be had', async () => {
    upstream.listed = undefined;
    const [left, right] = [named(healthyA, healthyB), named(delisted, healthyD)];
    expect(await minute(0)).toEqual([named(...all), 'list', left, delisted, healthyD]);
    expect(right).toContain(delisted);
    expect(await prices(0)).toEqual(priced);
    expect(await minute(1)).toEqual([named(...healthy)]);
  });

  it('goes on in the next slot with what was learned, where the limit has no room for more', async () => {
    upstream.listed = undefined;
    room = 2;
    expect(await minute(0)).toEqual([named(...all), 'list']);
    expect((await samples(0))['btc_usd']).toMatch(
      /^not_found: .* refuses one of 4 symbols .* which of them is being found out$/,
    );
    room = 3;
    expect(await minute(1)).toEqual([named(...all), named(healthyA, healthyB), delisted]);
    expect(await prices(1)).toEqual({ btc_usd: '100', eth_usd: '100' });
    room = 2;
    expect(await minute(2)).toEqual([named(healthyA, healthyB), healthyD]);
    expect(await prices(2)).toEqual(priced);
    room = 1;
    expect(await minute(3)).toEqual([named(...healthy)]);
    expect(await health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
  });

  it.each([
    ['finds no room', 'late: '],
    ['finds the month spent', 'no_credits: '],
    ['fails', 'unavailable: '],
  ])('is nothing that those are blamed for who were not asked, where the next call %s', async (end, said) => {
    const suspects = [{ symbols: [healthyA, delisted], detail: 'refused' }];
    await symbols.learn(SOURCE_IDS[name], { refused: [], suspects, answered: [] });
    // They come first when they have found no room for minutes.
    await fixture.database.pool.query(`UPDATE refused_symbols SET last_tried_at = last_tried_at - interval '1 hour'`);
    upstream.listed = undefined;
    room = end === 'fails' ? Infinity : 2;
    if (end === 'finds the month spent') noRoom = { kind: 'no_credits' };
    upstream.failWith = (call) => (end === 'fails' && call > 2 ? 503 : undefined);
    await minute(0);
    expect(upstream.calls.slice(0, 2)).toEqual([named(healthyA, delisted), 'list']);
    const refused = expect.stringMatching(/^not_found: .* refuses one of 2 symbols/) as string;
    expect(await samples(0)).toEqual({
      btc_usd: refused,
      sol_usd: refused,
      eth_usd: expect.stringContaining(said) as string,
      ada_usd: expect.stringContaining(said) as string,
    });
  });

  it.each([429, 418])('is looked for no further when the call for the list is answered with %i', async (status) => {
    upstream.listed = undefined;
    upstream.listStatus = status;
    expect(await minute(0)).toEqual([named(...all), 'list']);
    expect(await health()).toMatchObject({ lastFailureKind: 'rate_limited' });
    expect((await samples(0))['btc_usd']).toMatch(/^not_found: .* refuses one of 4 symbols/);
  });

  it('is not condemned, and nobody is, while the source refuses everybody: then the source is at fault', async () => {
    upstream.listed = all;
    upstream.delisted.clear();
    upstream.isConfused = true;
    for (const number of [0, 1]) await minute(number);
    expect(await symbols.list()).toEqual([]);
    expect(await health()).toMatchObject({ circuitReason: 'not_found', lastFailureKind: 'not_found' });
    upstream.isConfused = false;
    await fixture.database.pool.query(`UPDATE source_states SET circuit_open_until = to_timestamp(0)`);
    expect(await minute(2)).toEqual([named(...all)]);
    expect(await prices(2)).toEqual({ ...priced, sol_usd: '100' });
    expect(await health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
  });

  it('that is the only one of its batch opens no circuit when the list lacks it, and is not asked for in every slot', async () => {
    await fixture.database.pool.query(`DELETE FROM ticker_sources WHERE source_symbol <> $1`, [delisted]);
    expect(await minute(0)).toEqual([delisted, 'list']);
    expect(await minute(1)).toEqual([]);
    expect((await samples(1))['sol_usd']).toMatch(/^not_found: .* refuses /);
    expect(await symbols.list()).toMatchObject([{ symbol: delisted }]);
    expect((await health())?.circuitOpenUntilMs).toBeUndefined();
    expect((await health())?.failures ?? 0).toBe(0);
    await becomeDue();
    upstream.delisted.clear();
    await minute(2);
    expect(await prices(2)).toEqual({ sol_usd: '100' });
  });

  it('is found among several, and the others have their prices', async () => {
    upstream.delisted.add(healthyD);
    upstream.listed = [healthyA, healthyB];
    await minute(0);
    expect(await prices(0)).toEqual({ btc_usd: '100', eth_usd: '100' });
    expect((await symbols.list()).map(({ symbol }) => symbol)).toEqual([delisted, healthyD].sort());
  });

  it('does not hide a source that fails while it is isolated', async () => {
    upstream.failWith = (call) => (call >= 4 ? 503 : undefined);
    await minute(0);
    expect(await prices(0)).toEqual(priced);
    expect((await samples(0))['sol_usd']).toMatch(/^unavailable/);
    expect(await health()).toMatchObject({ lastFailureKind: 'unavailable' });
    upstream.failWith = () => undefined;
    await minute(1);
    expect(await symbols.list()).toMatchObject([{ symbol: delisted }]);
  });

  it('leaves every call on record', async () => {
    await minute(0);
    await fixture.provenance.flush();
    expect(await fetchState(fixture.database.pool, first)).toMatchObject({ status: 'answered', attempts: 3 });
    const { rows } = await fixture.database.pool.query(
      'SELECT attempt, error_kind, payload_sha256 IS NOT NULL AS kept FROM fetch_attempts ORDER BY attempt',
    );
    expect(rows).toEqual([
      { attempt: 1, error_kind: 'not_found', kept: true },
      { attempt: 3, error_kind: 'not_found', kept: true },
    ]);
  });
});
