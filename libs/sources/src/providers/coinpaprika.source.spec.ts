import { type Quote, parseTicker } from '@app/domain';
import { coinpaprikaSource } from './coinpaprika.source.js';
import { AnswerReader, endpointFor, readJson, type RequestedTicker } from '../contract/index.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import type { ErrorBody, Refusal } from '../testing/source-fixtures.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { readAnswer } from '../read-answer.js';

const BTC_USD = { ticker: 'btc_usd', sourceSymbol: 'btc-bitcoin' };
const BTC_EUR = { ticker: 'btc_eur', sourceSymbol: 'btc-bitcoin' };
const ETH_BTC = { ticker: 'eth_btc', sourceSymbol: 'eth-ethereum' };
const PEPE_USD = { ticker: 'pepe_usd', sourceSymbol: 'pepe-pepe' };
const TIME = '2026-01-01T11:00:01Z';
const WRONG_TIMES = [
  '1767265201',
  '1767265201000',
  '01.01.2026',
  '2026-01-01',
  '2026-01-01T11:00:01',
  '0001-01-01T00:00:00Z',
];

function quote(ticker: string, price: string, rest: Partial<Quote> = {}): Quote {
  return { ticker, price, sourceTime: new Date(TIME), ...rest };
}
function coin(id: string, quotes: string, updated = `"${TIME}"`): string {
  const rest = '"symbol":"X","rank":7,"total_supply":19000001,"max_supply":null,"beta_value":0.91';
  return `{"id":"${id}","name":"A coin",${rest},"first_data_at":"2011-02-03T00:00:00Z","last_updated":${updated},"quotes":{${quotes}}}`;
}
function priced(currency: string, price: string, volume = '1234.5', cap = '987654321'): string {
  const ath = '"ath_price":126000.5,"ath_date":"2025-10-06T19:00:00Z","percent_from_price_ath":-40.1';
  return `"${currency}":{"price":${price},"volume_24h":${volume},"market_cap":${cap},"percent_change_24h":-1.25,${ath}}`;
}

const BITCOIN = coin(
  'btc-bitcoin',
  `${priced('USD', '64321.123456789')},${priced('EUR', '59001.5', '1130.25', 'null')}`,
);
const PEPE = coin('pepe-pepe', priced('USD', '9.87654321e-06'), '"2026-01-01T10:59:48Z"');
const STRANGER = coin('gold-gold', priced('USD', '5'));
const AMOUNTS = { marketCap: '987654321', volume24h: '1234.5' };
const BTC_QUOTE = quote('btc_usd', '64321.123456789', AMOUNTS);
const EUR_QUOTE = quote('btc_eur', '59001.5', { volume24h: '1130.25' });

const ERRORS: readonly ErrorBody[] = [
  { name: 'the limit of requests', body: '{"error":"you have reached maximum request limit"}', kind: 'rate_limited' },
  { name: 'too many requests', body: '{"error":"Too many requests"}', kind: 'rate_limited' },
  { name: 'an unknown coin', body: '{"error":"id not found"}', kind: 'not_found' },
  { name: 'a plan that is too small', body: '{"error":"not allowed in this plan"}', kind: 'unauthorized' },
  { name: 'a wrong key', body: '{"error":"invalid API key"}', kind: 'unauthorized' },
  { name: 'a closed country', body: '{"error":"not available in your country"}', kind: 'forbidden_region' },
  { name: 'an internal error', body: '{"error":"internal server error"}', kind: 'unavailable' },
  { name: 'a time-out of its own', body: '{"error":"context deadline: timed out"}', kind: 'timeout' },
  { name: 'invalid parameters', body: '{"error":"invalid parameters"}', kind: 'unavailable' },
  { name: 'an error of another shape', body: '{"error":{"code":7}}', kind: 'unavailable' },
  { name: 'an error beside prices', body: BITCOIN.replace('{', '{"error":"id not found",'), kind: 'not_found' },
];
const REFUSALS: readonly Refusal[] = [
  { name: 'an invalid call with 400', status: 400, body: '{"error":"invalid parameters"}', kind: 'unavailable' },
  { name: 'a small plan with 402', status: 402, body: '{"error":"payment required"}', kind: 'unauthorized' },
  { name: 'words unknown to us with 402', status: 402, body: '{"error":"upgrade"}', kind: 'unauthorized' },
  { name: 'the limit with 402', status: 402, body: '{"error":"request limit reached"}', kind: 'rate_limited' },
  { name: 'a wrong key with 403', status: 403, body: '{"error":"invalid access"}', kind: 'unauthorized' },
  {
    name: 'a closed country with 403',
    status: 403,
    body: '{"error":"blocked in your region"}',
    kind: 'forbidden_region',
  },
  { name: 'an unknown coin with 404', status: 404, body: '{"error":"id not found"}', kind: 'not_found' },
  { name: 'words unknown to us with 404', status: 404, body: '{"error":"coin is gone"}', kind: 'not_found' },
  { name: 'the limit with 429', status: 429, body: '{"error":"slow down"}', kind: 'rate_limited' },
  { name: 'an error with 500', status: 500, body: '{"error":"id not found"}', kind: 'unavailable' },
  { name: 'a page behind a slash with 301', status: 301, body: '<a href="/v1/tickers">Moved</a>.', kind: 'malformed' },
];

describeSourceContract({
  source: coinpaprikaSource,
  endpoint: 'tickers',
  tickers: [BTC_USD, BTC_EUR, PEPE_USD],
  goodBodies: [
    {
      name: 'a list of coins in two currencies',
      body: `[${STRANGER},${BITCOIN},${PEPE}]`,
      quotes: [
        BTC_QUOTE,
        EUR_QUOTE,
        quote('pepe_usd', '9.87654321e-06', { ...AMOUNTS, sourceTime: new Date('2026-01-01T10:59:48Z') }),
      ],
    },
    {
      name: 'a list without one of the coins',
      body: `[${BITCOIN},${STRANGER}]`,
      tickers: [PEPE_USD, BTC_USD],
      quotes: [BTC_QUOTE],
    },
    { name: 'a list of other coins', body: `[${STRANGER}]`, tickers: [PEPE_USD, BTC_USD], quotes: [] },
    {
      name: 'a list in which one currency was not asked for and one price is missing',
      body: `[${coin('btc-bitcoin', priced('USD', '7.50'))},${coin('pepe-pepe', priced('USD', 'null'), 'null')}]`,
      tickers: [BTC_USD, BTC_EUR, PEPE_USD],
      quotes: [quote('btc_usd', '7.50', AMOUNTS)],
    },
    {
      name: 'a missing time that is an empty text, and odd amounts',
      body: `[${coin('btc-bitcoin', priced('USD', '7.50', '""', '"many"'), '""')}]`,
      tickers: [BTC_USD],
      quotes: [quote('btc_usd', '7.50', { sourceTime: undefined })],
    },
  ],
  priceFields: {
    btc_usd: ['1', 'quotes', 'USD', 'price'],
    btc_eur: ['1', 'quotes', 'EUR', 'price'],
    pepe_usd: ['2', 'quotes', 'USD', 'price'],
  },
  timeFields: { paths: { btc_usd: ['1', 'last_updated'], pepe_usd: ['2', 'last_updated'] }, wrong: WRONG_TIMES },
  errorBodies: [
    ...ERRORS,
    { name: 'a list of rows without ids', body: '[{"time_open":"2021-11-01T00:00:00Z","close":1}]', kind: 'drift' },
    { name: 'a list of something else', body: '[{"id":"binance","name":"Binance","fiats":[]}]', kind: 'drift' },
    { name: 'a list with null in it', body: '[null]', kind: 'drift' },
    { name: 'one coin where a list was asked for', body: BITCOIN, kind: 'drift' },
  ],
  refusals: REFUSALS,
  receivedAt: new Date('2026-01-01T11:01:00Z'),
});

describeSourceContract({
  source: coinpaprikaSource,
  endpoint: 'ticker',
  tickers: [BTC_USD, BTC_EUR],
  goodBodies: [
    { name: 'one coin in two currencies', body: BITCOIN, quotes: [BTC_QUOTE, EUR_QUOTE] },
    {
      name: 'one coin in another coin, with nulls',
      body: `${coin('eth-ethereum', '"BTC":{"price":0.031250,"volume_24h":null,"market_cap":null,"ath_price":null}')}\n`,
      tickers: [ETH_BTC],
      quotes: [quote('eth_btc', '0.031250')],
    },
    { name: 'another coin', body: STRANGER, tickers: [BTC_USD], quotes: [] },
    { name: 'a coin without a price', body: coin('pepe-pepe', priced('USD', 'null')), tickers: [PEPE_USD], quotes: [] },
  ],
  priceFields: { btc_usd: ['quotes', 'USD', 'price'], btc_eur: ['quotes', 'EUR', 'price'] },
  timeFields: { paths: { btc_usd: ['last_updated'] }, wrong: WRONG_TIMES },
  errorBodies: [
    ...ERRORS,
    { name: 'a coin without quotes', body: '{"id":"btc-bitcoin","message":"","is_active":true}', kind: 'drift' },
    { name: 'a coin with no quote at all', body: coin('btc-bitcoin', ''), kind: 'drift' },
    { name: 'a coin without a time', body: BITCOIN.replace('last_updated', 'seen'), kind: 'drift' },
    { name: 'the page of another coin', body: '{"id":"gold-gold","name":"Gold","message":""}', kind: 'drift' },
    { name: 'a list where one coin was asked for', body: `[${BITCOIN}]`, kind: 'drift' },
  ],
  refusals: REFUSALS,
  receivedAt: new Date('2026-01-01T11:01:00Z'),
});

describe('the CoinPaprika source', () => {
  it('never takes the price in another currency, though drift is mapped', () => {
    const quotes = '"USD":{"prc":64321.5},"BTC":{"price":1.0}';
    const response = { status: 200, headers: {}, body: coin('btc-bitcoin', quotes) };
    expect(() => readAnswer(coinpaprikaSource, [BTC_USD], response, { nowMs: 0, driftPolicy: 'map' })).toThrow(
      expect.objectContaining({ kind: 'drift' }) as Error,
    );
  });

  const named = (name: string) => coinpaprikaSource.endpoints.find((endpoint) => endpoint.name === name);

  it.each([
    ['btc_usd', 'btc-bitcoin'],
    ['eth_btc', 'eth-ethereum'],
    ['usdt_usd', 'usdt-tether'],
    ['usdc_usd', 'usdc-usd-coin'],
    ['ton_eur', 'toncoin-the-open-network'],
    ['btc_usdt', undefined],
    ['gold_usd', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && coinpaprikaSource.defaultSymbol(parts)).toBe(name);
  });

  it.each<[string, RequestedTicker[]]>([
    ['ticker', [BTC_USD]],
    ['ticker', [BTC_USD, BTC_EUR]],
    ['tickers', [BTC_USD, PEPE_USD]],
    ['tickers', ['usd', 'eur', 'gbp', 'jpy'].map((quoted) => ({ ...BTC_USD, ticker: `btc_${quoted}` }))],
  ])('asks %s for %j', (name, tickers) => {
    expect(endpointFor(coinpaprikaSource, tickers).name).toBe(name);
  });

  it('asks for one coin by its id, and for all with each currency once', () => {
    expect(named('ticker')?.request([BTC_USD, BTC_EUR])).toEqual({
      path: '/tickers/btc-bitcoin',
      query: { quotes: 'USD,EUR' },
    });
    expect(named('ticker')?.request([{ ticker: 'x_usd', sourceSymbol: 'a/../b?c' }]).path).toBe(
      '/tickers/a%2F..%2Fb%3Fc',
    );
    expect(named('tickers')?.request([BTC_USD, PEPE_USD])).toEqual({ path: '/tickers', query: { quotes: 'USD' } });
  });

  it('never asks for more than three currencies, and leaves the tickers of a fourth out', () => {
    const tickers = ['usd', 'eur', 'gbp', 'jpy'].map((quoted) => ({ ...BTC_USD, ticker: `btc_${quoted}` }));
    expect(named('tickers')?.request(tickers).query).toEqual({ quotes: 'USD,EUR,GBP' });
    expect(outcomeOf(coinpaprikaSource, `[${BITCOIN}]`, tickers)).toEqual({
      quotes: [BTC_QUOTE, EUR_QUOTE],
      unreadable: [],
    });
  });

  it('refuses a ticker that is none, as a SourceError', () => {
    const asked = [{ ticker: 'btcusd', sourceSymbol: 'btc-bitcoin' }];
    expect(() => named('ticker')?.request(asked)).toThrow(expect.objectContaining({ kind: 'not_found' }) as Error);
  });

  it('sends the bare key, to the host of the paid plans', () => {
    const [free, pro] = coinpaprikaSource.plans;
    expect(free.keyHeader).toBeUndefined();
    expect([pro?.baseUrl, pro?.keyHeader?.('k')]).toEqual([
      'https://api-pro.coinpaprika.com/v1',
      ['authorization', 'k'],
    ]);
  });

  it('calls a coin drift that stands in the list twice, and leaves the others', () => {
    const outcome = outcomeOf(coinpaprikaSource, `[${BITCOIN},${PEPE},${BITCOIN}]`, [BTC_USD, PEPE_USD]);
    expect(outcome).toMatchObject({ quotes: [{ ticker: 'pepe_usd' }], unreadable: ['btc_usd'] });
  });

  it('calls a coin drift that cannot be found while a row has lost its id, and one that is not listed absent', () => {
    const lost = `[${BITCOIN},${PEPE.replace('"id"', '"ids"')}]`;
    expect(outcomeOf(coinpaprikaSource, lost, [BTC_USD, PEPE_USD])).toEqual({
      quotes: [BTC_QUOTE],
      unreadable: ['pepe_usd'],
    });
    expect(outcomeOf(coinpaprikaSource, `[${BITCOIN},${STRANGER}]`, [BTC_USD, PEPE_USD])).toEqual({
      quotes: [BTC_QUOTE],
      unreadable: [],
    });
  });

  it('finds its rows by the field that looks like the id, when drift is mapped', () => {
    const body = `[${STRANGER},${BITCOIN},${PEPE}]`.replaceAll('"id"', '"ids"');
    const response = { status: 200, headers: {}, body };
    const { readings } = readAnswer(coinpaprikaSource, [BTC_USD], response, { nowMs: 0, driftPolicy: 'map' });
    expect(readings).toEqual([{ ...BTC_QUOTE, mapped: expect.arrayContaining(['1.id from 1.ids']) as string[] }]);
  });

  it('takes a price that is an empty text for one that is missing, as the schema says', () => {
    expect(outcomeOf(coinpaprikaSource, coin('pepe-pepe', priced('USD', '""')), [PEPE_USD])).toEqual({
      quotes: [],
      unreadable: [],
    });
  });

  it('names the currency that looks like the one that is missing', () => {
    const body = BITCOIN.replace('"USD"', '"usd"');
    const outcome = outcomeOf(coinpaprikaSource, body, [BTC_USD]);
    expect(outcome).toMatchObject({
      kind: 'drift',
      detail: expect.stringContaining('quotes.usd looks like it') as string,
    });
  });

  it('lists the coins that are traded, by id', () => {
    const coins = [
      '{"id":"btc-bitcoin","name":"Bitcoin","symbol":"BTC","is_active":true}',
      '{"id":"a-b","name":"B","symbol":"A","is_active":false}',
      '{"id":"zrp-zorp","name":"Zorp","symbol":"ZRP","rank":3417,"is_active":true}',
      '{"id":"qux-quux","name":"Quux","symbol":"QUX","rank":0,"is_active":true}',
    ];
    const reader = new AnswerReader('coinpaprika', readJson('coinpaprika', `[${coins.join(',')}]`));
    expect(coinpaprikaSource.names?.parse(reader)).toEqual([
      { name: 'btc-bitcoin', symbol: 'btc', title: 'Bitcoin' },
      { name: 'zrp-zorp', symbol: 'zrp', title: 'Zorp', rank: 3417 },
      { name: 'qux-quux', symbol: 'qux', title: 'Quux' },
    ]);
  });
});
