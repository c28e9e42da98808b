import { checkQuote, parseTicker } from '@app/domain';
import { CCXT_EXCHANGE_NAMES, ccxtSourceId } from './ccxt-exchanges.js';
import type { CcxtLibrary, CcxtTicker } from './ccxt-library.js';
import { ccxtSource } from './ccxt.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import type { Source } from '../contract/index.js';
import { SourceClient } from '../http/source-client.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC/USD' };
const NOW_MS = Date.UTC(2026, 0, 1, 12);

class NetworkError extends Error {}
class RequestTimeout extends NetworkError {}
class RateLimitExceeded extends NetworkError {}
class ExchangeError extends Error {}
class RestrictedLocation extends ExchangeError {}
class BadSymbol extends ExchangeError {}

/** A stand-in for the library, in which kraken answers so. */
function library(answer: () => Promise<CcxtTicker>, options: { markets?: () => Promise<void>; made?: unknown[] } = {}) {
  return async (): Promise<CcxtLibrary> => ({
    kraken: class {
      timeout = 0;
      constructor(given: unknown) {
        options.made?.push(given);
      }
      loadMarkets = async (): Promise<unknown> => options.markets?.();
      fetchTicker = answer;
    },
  });
}

function kraken(load: () => Promise<CcxtLibrary>): Source {
  const source = ccxtSource('kraken', load);
  if (source === undefined) throw new Error('no kraken');
  return source;
}

function ask(source: Source, timeoutMs = 10_000, signal?: AbortSignal) {
  return new SourceClient({ now: () => NOW_MS }).fetch(source, [BTC], { timeoutMs, signal });
}

describeSourceContract({
  source: kraken(async () => ({})),
  tickers: [BTC],
  goodBodies: [
    {
      name: 'an answer with both times',
      body: '{"symbol":"BTC/USD","last":"81412.20","timestamp":"1767265201000","datetime":"2026-01-01T11:00:01.000Z"}',
      quotes: [{ ticker: 'btc_usd', price: '81412.20', sourceTime: new Date(1_767_265_201_000) }],
    },
    {
      name: 'an answer without a time',
      body: '{"symbol":"BTC/USD","last":"81412.20","timestamp":null}',
      quotes: [{ ticker: 'btc_usd', price: '81412.20', sourceTime: undefined }],
    },
  ],
  priceFields: { btc_usd: ['last'] },
});

describe('an exchange that is asked by ccxt', () => {
  it('gives its price as the text that it is', async () => {
    const made: unknown[] = [];
    const source = kraken(
      library(async () => ({ symbol: 'BTC/USD', last: '81412.20000', timestamp: 1767268799000 }), { made }),
    );
    const answer = await ask(source);
    expect(answer.readings).toEqual([
      { ticker: 'btc_usd', price: '81412.20000', sourceTime: new Date(1_767_268_799_000) },
    ]);
    expect(answer.call).toMatchObject({
      url: 'ccxt://kraken/fetch-ticker?symbol=BTC%2FUSD',
      response: { body: '{"symbol":"BTC/USD","last":"81412.20000","timestamp":"1767268799000"}' },
    });
    await ask(source);
    // Made once, and told to make texts of its numbers.
    expect(made).toMatchObject([{ number: String }]);
  });

  it.each<[string, CcxtTicker, string | undefined]>([
    ['milliseconds', { timestamp: 1767268799123 }, '2026-01-01T11:59:59.123Z'],
    ['milliseconds as text, with a fraction', { timestamp: '1767268799123.9' }, '2026-01-01T11:59:59.123Z'],
    ['seconds', { timestamp: 1767268798 }, '2026-01-01T11:59:58.000Z'],
    ['seconds with a fraction', { timestamp: 1767268798.25 }, '2026-01-01T11:59:58.250Z'],
    ['microseconds', { timestamp: 1767268797123456 }, '2026-01-01T11:59:57.123Z'],
    ['nanoseconds', { timestamp: '1767268797123456789' }, '2026-01-01T11:59:57.123Z'],
    ['a datetime alone', { datetime: '2026-01-01T11:59:56.500Z' }, '2026-01-01T11:59:56.500Z'],
    ['a datetime beside null', { timestamp: null, datetime: '2026-01-01T11:59:56Z' }, '2026-01-01T11:59:56.000Z'],
    ['a datetime beside NaN', { timestamp: NaN, datetime: '2026-01-01T11:59:56Z' }, '2026-01-01T11:59:56.000Z'],
    ['a datetime beside 0', { timestamp: 0, datetime: '2026-01-01T11:59:56Z' }, '2026-01-01T11:59:56.000Z'],
    ['both', { timestamp: 1767268799123, datetime: '2026-01-01T11:59:59.123Z' }, '2026-01-01T11:59:59.123Z'],
    [
      'seconds with the datetime that ccxt makes of them',
      { timestamp: 1767268798, datetime: '1970-01-21T10:54:28.798Z' },
      '2026-01-01T11:59:58.000Z',
    ],
    ['two that differ', { timestamp: 1767268799123, datetime: '2026-01-01T11:59:31.123Z' }, undefined],
    ['0', { timestamp: 0 }, undefined],
    ['a negative number', { timestamp: -1767268799123 }, undefined],
    ['NaN', { timestamp: NaN }, undefined],
    ['null', { timestamp: null, datetime: null }, undefined],
    ['another text', { timestamp: '', datetime: 'yesterday' }, undefined],
    ['a datetime without a zone', { datetime: '2026-01-01T11:59:56' }, undefined],
    ['a year far away', { timestamp: 9767268799123 }, undefined],
    ['a second ahead', { timestamp: 1767268801000 }, '2026-01-01T12:00:01.000Z'],
    ['an hour ahead', { timestamp: 1767272400000, datetime: '2026-01-01T13:00:00.000Z' }, undefined],
  ])('has the right time or none of %s', async (_name, times, expected) => {
    const source = ccxtSource(
      'kraken',
      library(async () => ({ symbol: 'BTC/USD', last: '5', ...times })),
      () => NOW_MS,
    );
    const answer = source === undefined ? undefined : await ask(source);
    const sourceTime = expected === undefined ? undefined : new Date(expected);
    expect(answer?.readings).toEqual([{ ticker: 'btc_usd', price: '5', sourceTime }]);
  });

  it('reads an answer that was kept before there was a datetime in it', () => {
    const body = '{"symbol":"BTC/USD","last":"5","timestamp":"1767268799000"}';
    expect(
      outcomeOf(
        kraken(async () => ({})),
        body,
        [BTC],
      ),
    ).toMatchObject({
      quotes: [{ price: '5', sourceTime: new Date(1_767_268_799_000) }],
    });
  });

  it.each([
    ['NaN', NaN],
    ['nothing', ''],
    ['Infinity', Infinity],
  ])('never gives %s for a price that is believed', async (_name, last) => {
    const { readings } = await ask(kraken(library(async () => ({ symbol: 'BTC/USD', last }))));
    const verdicts = readings.map((reading) =>
      'price' in reading ? checkQuote(reading, { receivedAt: new Date() }) : {},
    );
    expect(verdicts).toMatchObject([{ outcome: 'rejected', reason: 'not_a_decimal' }]);
  });

  it.each([
    ['no price', { symbol: 'BTC/USD', timestamp: 1767268799000 }],
    ['null for a price', { symbol: 'BTC/USD', last: null }],
    ['another market', { symbol: 'ETH/USD', last: '3000' }],
  ])('takes %s for absent', async (_name, ticker) => {
    expect((await ask(kraken(library(async () => ticker)))).readings).toEqual([]);
  });

  it.each([
    ['a limit', new RateLimitExceeded('slow down'), 'rate_limited'],
    ['a time-out of its own', new RequestTimeout('late'), 'timeout'],
    ['no connection', new NetworkError('fetch failed'), 'unavailable'],
    ['an unknown market', new BadSymbol('kraken does not have market symbol XYZ'), 'not_found'],
    ['words that ccxt does not know', new ExchangeError('kraken {"error":["EZorp:Quux"]}'), 'unavailable'],
    ['a limit in words', new ExchangeError('kraken Throttled'), 'rate_limited'],
    ['a closed country', new RestrictedLocation('not here'), 'forbidden_region'],
    ['a fault that nobody knows', new TypeError('x is undefined'), 'drift'],
  ])('calls %s by its kind', async (_name, error, kind) => {
    const source = kraken(library(() => Promise.reject(error)));
    await expect(ask(source)).rejects.toMatchObject({ kind, source: 'ccxt:kraken' });
  });

  it('says what to do when the package is not there', async () => {
    const source = kraken(() => Promise.reject(new Error('ERR_MODULE_NOT_FOUND')));
    await expect(ask(source)).rejects.toMatchObject({
      kind: 'unavailable',
      detail: expect.stringContaining('npm install --include=optional') as string,
    });
  });

  it('says so when the installed library has no such exchange', async () => {
    await expect(ask(kraken(async () => ({})))).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('gives up at its deadline while its markets load, and has them for the next call', async () => {
    let loaded: () => void = () => undefined;
    const markets = new Promise<void>((resolve) => (loaded = resolve));
    const source = kraken(library(async () => ({ symbol: 'BTC/USD', last: '1' }), { markets: () => markets }));
    await expect(ask(source, 20)).rejects.toMatchObject({ kind: 'timeout' });
    loaded();
    expect((await ask(source)).readings).toMatchObject([{ price: '1' }]);
  });

  it('tries again when its markets could not be loaded', async () => {
    let tries = 0;
    const markets = () => ((tries += 1) === 1 ? Promise.reject(new NetworkError('away')) : Promise.resolve());
    const source = kraken(library(async () => ({ symbol: 'BTC/USD', last: '1' }), { markets }));
    await expect(ask(source)).rejects.toMatchObject({ kind: 'unavailable' });
    expect((await ask(source)).readings).toHaveLength(1);
  });

  it('is given up with its caller', async () => {
    const source = kraken(library(() => new Promise(() => undefined)));
    await expect(ask(source, 10_000, AbortSignal.timeout(10))).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is not asked when another address was set, which it could not keep to', async () => {
    const source = kraken(library(async () => ({ symbol: 'BTC/USD', last: '1' })));
    const client = new SourceClient({
      access: { 'ccxt:kraken': { baseUrl: 'http://127.0.0.1:1' } },
      now: () => NOW_MS,
    });
    await expect(client.fetch(source, [BTC], { timeoutMs: 1000 })).rejects.toMatchObject({
      kind: 'unavailable',
      detail: 'cannot be asked at another address than its own',
    });
  });

  it.each([
    ['{"symbol":"BTC/USD","last":5,"timestamp":null}', 'last'],
    ['{"symbol":"BTC/USD"}', 'last'],
    ['[]', 'the answer'],
  ])('calls %s drift', (body, field) => {
    const detail = expect.stringContaining(field) as string;
    expect(
      outcomeOf(
        kraken(async () => ({})),
        body,
        [BTC],
      ),
    ).toMatchObject({ kind: 'drift', detail });
  });

  it('names markets as ccxt does, and knows what they are quoted in', () => {
    const source = kraken(async () => ({}));
    const parts = parseTicker('btc_usdt');
    expect(parts && source.defaultSymbol(parts)).toBe('BTC/USDT');
    expect(source.quoteOf?.('BTC/USDT:USDT')).toBe('usdt');
  });

  it('has an id for ever, which no other has', () => {
    expect(ccxtSource('nobody')).toBeUndefined();
    expect([ccxtSourceId('alpaca'), ccxtSourceId('kraken'), ccxtSourceId('zebpay')]).toEqual([200, 269, 303]);
    expect(new Set(CCXT_EXCHANGE_NAMES).size).toBe(CCXT_EXCHANGE_NAMES.length);
    expect(CCXT_EXCHANGE_NAMES.length).toBeLessThanOrEqual(200);
  });
});
