import { type Quote, parseTicker } from '@app/domain';
import { AnswerReader, type RequestedTicker, readJson, type SourceReading } from '../contract/index.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { krakenSource } from './kraken.source.js';
import { readAnswer } from '../read-answer.js';

const BTC_USD = { ticker: 'btc_usd', sourceSymbol: 'XBTUSD' };
const BTC_USDT = { ticker: 'btc_usdt', sourceSymbol: 'XBTUSDT' };
const SOL_USD = { ticker: 'sol_usd', sourceSymbol: 'SOLUSD' };
const USDT_USD = { ticker: 'usdt_usd', sourceSymbol: 'USDTUSD' };
const [ENDPOINT] = krakenSource.endpoints;

/** The row of a pair with every field that is documented. */
function row(last: string): string {
  return `{"a":["71.5","2","2.000"],"b":["71.4","1","1.000"],"c":[${last},"0.25000000"],"v":["10.5","20.25"],"p":["70.9","70.8"],"t":[31,77],"l":["69.0","68.0"],"h":["73.0","74.0"],"o":"70.10000"}`;
}
function answer(rows: Readonly<Record<string, string>>, error = '[]'): string {
  const members = Object.entries(rows).map(([key, member]) => `"${key}":${member}`);
  return `{"error":${error},"result":{${members.join(',')}}}`;
}
function errors(...texts: string[]): string {
  return JSON.stringify({ error: texts });
}
function quote(ticker: string, price: string): Quote {
  return { ticker, price, sourceTime: undefined };
}
function read(
  body: string,
  asked: readonly RequestedTicker[],
  driftPolicy: 'reject' | 'map',
): readonly SourceReading[] {
  return readAnswer(krakenSource, asked, { status: 200, headers: {}, body }, { nowMs: 0, driftPolicy }).readings;
}

describeSourceContract({
  source: krakenSource,
  tickers: [BTC_USD, BTC_USDT, SOL_USD, USDT_USD],
  goodBodies: [
    {
      name: 'a batch whose keys are not the names that were asked for',
      body: answer({
        XXBTZUSD: row('"64321.10000"'),
        XBTUSDT: row('"64388.0"'),
        SOLUSD: row('"152.3700"'),
        USDTZUSD: row('"0.99871"'),
      }),
      quotes: [
        quote('btc_usd', '64321.10000'),
        quote('btc_usdt', '64388.0'),
        quote('sol_usd', '152.3700'),
        quote('usdt_usd', '0.99871'),
      ],
    },
    {
      name: 'the names of assetVersion=1, with pairs that nobody asked for',
      body: `${answer({
        'BTC/USD:BTNL': row('"1.0"'),
        'BTC/USD': row('"64321.1"'),
        'BTC/USDT': row('"64388.0"'),
        'DOGE/USD': row('"0.1234"'),
      })}\n`,
      tickers: [BTC_USD, BTC_USDT, { ticker: 'doge_usd', sourceSymbol: 'XDGUSD' }],
      quotes: [quote('btc_usd', '64321.1'), quote('btc_usdt', '64388.0'), quote('doge_usd', '0.1234')],
    },
    {
      name: 'a warning beside a result, and a row with fields that are new',
      body: answer({ SOLUSD: '{"x":1,"c":["152.1",3],"o":"1"}' }, '["WGeneral:Old name"]'),
      tickers: [SOL_USD],
      quotes: [quote('sol_usd', '152.1')],
    },
    {
      name: 'a pair that was never traded',
      body: answer({ SOLUSD: row('null'), XXBTZUSD: '{"c":null,"o":"0"}' }),
      tickers: [SOL_USD, BTC_USD],
      quotes: [],
    },
    { name: 'only the pairs of others', body: answer({ SOLUSD: row('"152.1"') }), tickers: [BTC_USD], quotes: [] },
    { name: 'a result without a pair', body: '{"error":[],"result":{}}', tickers: [BTC_USD], quotes: [] },
  ],
  priceFields: {
    btc_usd: ['result', 'XXBTZUSD', 'c', '0'],
    btc_usdt: ['result', 'XBTUSDT', 'c', '0'],
    sol_usd: ['result', 'SOLUSD', 'c', '0'],
    usdt_usd: ['result', 'USDTZUSD', 'c', '0'],
  },
  errorBodies: [
    { name: 'an unknown pair', body: errors('EQuery:Unknown asset pair'), kind: 'not_found' },
    { name: 'an unknown asset', body: errors('EQuery:Unknown asset'), kind: 'not_found' },
    { name: 'too many requests', body: errors('EGeneral:Too many requests'), kind: 'rate_limited' },
    { name: 'the rate limit', body: errors('EAPI:Rate limit exceeded'), kind: 'rate_limited' },
    { name: 'a lockout', body: errors('EGeneral:Temporary lockout'), kind: 'rate_limited' },
    {
      name: 'the rate limit among other errors',
      body: errors('EGeneral:Internal error', 'EAPI:Rate limit exceeded'),
      kind: 'rate_limited',
    },
    { name: 'a service that is away', body: errors('EService:Unavailable'), kind: 'unavailable' },
    {
      name: 'a service that is unavailable in general',
      body: errors('EGeneral:Service unavailable'),
      kind: 'unavailable',
    },
    { name: 'a service that is busy', body: errors('EService:Busy'), kind: 'unavailable' },
    { name: 'a market that is closed', body: errors('EService:Market in cancel_only mode'), kind: 'unavailable' },
    { name: 'a deadline of its own', body: errors('EService:Deadline elapsed'), kind: 'timeout' },
    { name: 'an internal error', body: errors('EGeneral:Internal error'), kind: 'unavailable' },
    { name: 'a wrong key', body: errors('EAPI:Invalid key'), kind: 'unauthorized' },
    { name: 'a right that is missing', body: errors('EGeneral:Permission denied'), kind: 'unauthorized' },
    {
      name: 'a market closed to a country',
      body: errors('EAccount:XMR trading restricted for IE'),
      kind: 'forbidden_region',
    },
    { name: 'arguments that are wrong', body: errors('EGeneral:Invalid arguments'), kind: 'unavailable' },
    { name: 'an error of a new category', body: errors('EOther:Odd'), kind: 'unavailable' },
    { name: 'an error that is no list', body: '{"error":"EService:Unavailable"}', kind: 'unavailable' },
    { name: 'errors that are no texts', body: '{"error":[{"code":1}]}', kind: 'unavailable' },
    {
      name: 'an error beside prices',
      body: answer({ XXBTZUSD: row('"1"') }, '["EService:Busy"]'),
      kind: 'unavailable',
    },
    { name: 'a warning without a result', body: errors('WGeneral:Odd'), kind: 'drift' },
    { name: 'rows of another endpoint', body: answer({ XTZUSD: '[[1767265200,"1.0"]]' }), kind: 'drift' },
  ],
  refusals: [
    {
      name: 'too many requests with 429',
      status: 429,
      body: errors('EGeneral:Too many requests'),
      kind: 'rate_limited',
    },
    {
      name: 'a throttled caller with 520',
      status: 520,
      body: errors('EService:Throttled: 1767265260'),
      kind: 'rate_limited',
    },
    { name: 'a page of its network with 520', status: 520, body: '<html>520</html>', kind: 'unavailable' },
    { name: 'an unknown pair with 400', status: 400, body: errors('EQuery:Unknown asset pair'), kind: 'not_found' },
  ],
  receivedAt: new Date('2026-01-01T12:00:00Z'),
});

describe('the Kraken source', () => {
  it.each([
    ['btc_usd', 'XBTUSD'],
    ['doge_usd', 'XDGUSD'],
    ['usdt_usd', 'USDTUSD'],
    ['usdc_usd', 'USDCUSD'],
    ['btc_eur', 'XBTEUR'],
    ['eth_btc', 'ETHXBT'],
    ['doge_btc', 'XDGXBT'],
    ['btc_usdt', 'XBTUSDT'],
    ['eur_usd', 'EURUSD'],
    ['usd_jpy', 'USDJPY'],
    ['lunc_usd', 'LUNAUSD'],
    ['luna_usd', undefined],
    ['aleo_eur', undefined],
    ['pepe_btc', undefined],
    ['gold_usd', undefined],
    ['btc_xyz', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && krakenSource.defaultSymbol(parts)).toBe(name);
  });

  it.each([
    ['XBTUSD', 'usd'],
    ['XXBTZUSD', 'usd'],
    ['USDTZUSD', 'usd'],
    ['XBTUSDT', 'usdt'],
    ['ETHXBT', 'btc'],
    ['XETHXXBT', 'btc'],
    ['BTC/USD', 'usd'],
    ['AAVE/USD:BTNL', 'usd'],
    ['DOT/XBT', 'btc'],
    ['ADAUSD', 'usd'],
    ['XBTAUSD', 'ausd'],
    ['PYUSDUSD', 'usd'],
    ['XBTPYUSD', 'pyusd'],
    ['LUNAUSD', 'usd'],
    ['USDCHF', 'chf'],
  ])('knows that %s is quoted in %s', (name, quoteCurrency) => {
    expect(krakenSource.quoteOf?.(name)).toBe(quoteCurrency);
  });

  it.each([
    ['XXBTZUSD', 'XBTUSD'],
    ['XBTUSD', 'XXBTZUSD'],
    ['XETHXXBT', 'ETHXBT'],
    ['XXDGXXBT', 'XDGXBT'],
    ['XDGUSD', 'DOGE/USD'],
    ['DOGE/BTC', 'XDGXBT'],
    ['XBT/USD', 'BTC/USD'],
    ['ZEURZUSD', 'EURUSD'],
    ['USDTZUSD', 'USDT/USD'],
    ['XXRPZUSD', 'XRP/USD'],
  ])('finds the pair asked for as %s under the key %s', (sourceSymbol, key) => {
    const readings = read(answer({ [key]: row('"7.5"') }), [{ ticker: 'any_pair', sourceSymbol }], 'reject');
    expect(readings).toEqual([quote('any_pair', '7.5')]);
  });

  it.each([
    ['XBTUSD', 'XBTUSDT'],
    ['XBTUSD', 'XXBTZEUR'],
    ['XBTUSD', 'BTC/USD:BTNL'],
    ['XBTUSD', 'XXBTZUSD.d'],
    ['XBTUSD', 'WBTC/USD'],
    ['XTZUSD', 'XTUSD'],
    ['XTUSD', 'XTZUSD'],
    ['ETHUSD', 'XETCZUSD'],
    ['USDTUSD', 'USDCUSD'],
    ['EURUSD', 'ZUSDZEUR'],
    ['SOLUSD', 'SOLEUR'],
    ['ETHXBT', 'XBTETH'],
  ])('never takes the pair asked for as %s from the key %s, not even alone', (sourceSymbol, key) => {
    for (const policy of ['reject', 'map'] as const) {
      expect(read(answer({ [key]: row('"7.5"') }), [{ ticker: 'any_pair', sourceSymbol }], policy)).toEqual([]);
    }
  });

  it('gives two pairs that were asked for each its own price', () => {
    const body = answer({ XXBTZUSD: row('"1"'), XXBTZEUR: row('"2"'), XBTUSDT: row('"3"'), XBTUSDC: row('"4"') });
    const asked = ['XBTUSDC', 'XBTEUR', 'XBTUSD', 'XBTUSDT'].map((sourceSymbol, index) => ({
      ticker: `t${index}_usd`,
      sourceSymbol,
    }));
    const prices = read(body, asked, 'map').map((reading) => ('price' in reading ? reading.price : reading.rejected));
    expect(prices).toEqual(['4', '2', '1', '3']);
  });

  it('calls a pair that stands under two keys drift, unless one is the very name', () => {
    const body = answer({ XXBTZUSD: row('"1"'), 'BTC/USD': row('"2"') });
    const asked = [
      { ticker: 'btc_usd', sourceSymbol: 'XBTUSD' },
      { ticker: 'xbt_usd', sourceSymbol: 'BTC/USD' },
    ];
    expect(read(body, asked, 'map')).toEqual([
      { ticker: 'btc_usd', rejected: 'drift', detail: expect.stringContaining('the same pair') as string },
      quote('xbt_usd', '2'),
    ]);
  });

  it.each([
    ['the last trade is missing', '{"a":["5.0","1"],"b":["4.9","1"]}'],
    ['the row is null', 'null'],
    ['the row is a text', '"64321.1"'],
  ])('takes nothing from another field or the row of another pair when %s, though drift is mapped', (_name, broken) => {
    const body = answer({ XXBTZUSD: broken, XXBTZEUR: row('"2"') });
    const asked = [BTC_USD, { ticker: 'btc_eur', sourceSymbol: 'XBTEUR' }];
    expect(read(body, asked, 'map')).toEqual([
      { ticker: 'btc_usd', rejected: 'drift', detail: expect.stringContaining('result.XXBTZUSD') as string },
      quote('btc_eur', '2'),
    ]);
  });

  it('reads a price that became a number, and says so, when drift is mapped', () => {
    const body = answer({ XXBTZUSD: row('64321.100') });
    expect(read(body, [BTC_USD], 'map')).toEqual([{ ...quote('btc_usd', '64321.100'), mapped: [expect.any(String)] }]);
  });

  it('asks for every pair once, without a blank', () => {
    expect(ENDPOINT.request([BTC_USD, SOL_USD, BTC_USD])).toEqual({
      path: '/0/public/Ticker',
      query: { pair: 'XBTUSD,SOLUSD' },
    });
  });

  it('says how long a throttled caller has to wait', () => {
    const response = { status: 200, headers: {}, body: '' };
    const explained = krakenSource.explain?.(
      JSON.parse(errors('EService:Throttled: 1767265260')),
      response,
      1767265200_500,
    );
    expect(explained).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 60 });
  });

  it.each([
    ...['XBT/USD', 'BTC/USD', 'XXBTZUSD', 'XETHXXBT', 'ZEURZUSD', 'USDTZUSD', 'DOGE/USD', 'SOL/USD', 'GONE/USD'],
    ...['BTC/USD:BTNL', 'XBTUSD.d', 'XXBTZUSD.d'],
  ])('does not say of %s that its list lacks it, since that has pairs by their altname', (name) => {
    expect(krakenSource.names?.covers?.(name)).toBe(false);
  });

  it.each(['XBTUSD', 'ETHXBT', 'EURUSD', 'USDTUSD', 'XDGUSD', 'SOLUSD', 'XTZUSD', 'LUNAUSD', 'GONEUSD'])(
    'covers %s by its list',
    (name) => {
      expect(krakenSource.names?.covers?.(name)).toBe(true);
    },
  );

  it('lists the pairs that are traded, by the name to ask for', () => {
    const pairs = {
      XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD', status: 'online' },
      XDGUSDT: { altname: 'XDGUSDT', wsname: 'XDG/USDT', status: 'online' },
      LUNAUSD: { altname: 'LUNAUSD', wsname: 'LUNA/USD', status: 'online' },
      OLDUSD: { altname: 'OLDUSD', wsname: 'OLD/USD', status: 'cancel_only' },
      'XXBTZUSD.d': { altname: 'XBTUSD.d', base: 'XXBT', quote: 'ZUSD' },
      XETHXXBT: { altname: 'ETHXBT', base: 'XETH', quote: 'XXBT' },
    };
    const json = readJson('kraken', JSON.stringify({ error: [], result: pairs }));
    expect(krakenSource.names?.parse(new AnswerReader('kraken', json))).toEqual([
      { name: 'XBTUSD', symbol: 'btc', quote: 'usd' },
      { name: 'XDGUSDT', symbol: 'doge', quote: 'usdt' },
      { name: 'LUNAUSD', symbol: 'lunc', quote: 'usd' },
      { name: 'ETHXBT', symbol: 'eth', quote: 'btc' },
    ]);
    expect(() => krakenSource.names?.parse(new AnswerReader('kraken', []))).toThrow(
      expect.objectContaining({ kind: 'drift' }) as Error,
    );
  });
});
