import { parseTicker } from '@app/domain';
import { CCXT_EXCHANGE_NAMES, ccxtSourceId } from './ccxt-exchanges.js';
import type { CcxtLibrary, CcxtTicker } from './ccxt-library.js';
import { ccxtSource } from './ccxt.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import type { Source } from '../contract/index.js';
import { SourceClient } from '../http/source-client.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC/USD' };
const NOW_MS = Date.UTC(2026, 0, 1, 12);

class NetworkError extends Error {}
class RequestTimeout extends NetworkError {}
class RateLimitExceeded extends NetworkError {}
class BadSymbol extends Error {}

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

  it.each([
    ['no price', { symbol: 'BTC/USD', timestamp: 1767268799000 }],
    ['another market', { symbol: 'ETH/USD', last: '3000' }],
  ])('takes %s for absent', async (_name, ticker) => {
    expect((await ask(kraken(library(async () => ticker)))).readings).toEqual([]);
  });

  it.each([
    ['a limit', new RateLimitExceeded('slow down'), 'rate_limited'],
    ['a time-out of its own', new RequestTimeout('late'), 'timeout'],
    ['no connection', new NetworkError('fetch failed'), 'unavailable'],
    ['an unknown market', new BadSymbol('kraken does not have market symbol XYZ'), 'not_found'],
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
    ['{"symbol":"BTC/USD","last":"5","timestamp":"1767268799"}', 'timestamp'],
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
