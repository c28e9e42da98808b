import fc from 'fast-check';
import { MAX_TICKER_LENGTH, parseTicker, readTicker, TICKER_PATTERN, unknownTickerFault } from './ticker.js';

describe('tickers', () => {
  test('a ticker is taken apart into base and quote', () => {
    expect(parseTicker('btc_usd')).toEqual({ ticker: 'btc_usd', base: 'btc', quote: 'usd' });
    expect(parseTicker('1000sats_usd-c')).toEqual({ ticker: '1000sats_usd-c', base: '1000sats', quote: 'usd-c' });
  });

  test('the longest ticker has 31 characters on either side', () => {
    const longest = `${'a'.repeat(31)}_${'b'.repeat(31)}`;
    expect(longest).toHaveLength(MAX_TICKER_LENGTH);
    expect(parseTicker(longest)).toBeDefined();
    expect(parseTicker(`a${longest}`)).toBeUndefined();
    expect(parseTicker(`${longest}b`)).toBeUndefined();
  });

  test.each([
    '',
    'btc',
    '_',
    'btc_',
    '_usd',
    'BTC_USD',
    'btc_USD',
    'btc usd',
    'btc_usd ',
    ' btc_usd',
    'btc_usd\n',
    'btc_usd_x',
    'btc__usd',
    'btc:usd',
    'btc/usd',
    'bt\u0441_usd',
    'btc_us\u0000d',
    "btc_usd'; --",
    '\u0661_usd',
  ])('refuses %j', (text) => {
    expect(parseTicker(text)).toBeUndefined();
  });
});

describe('a ticker as people write it', () => {
  test.each([
    ['btc_usd', 'btc_usd'],
    ['BTC_USD', 'btc_usd'],
    ['BTC/USD', 'btc_usd'],
    ['btc-usd', 'btc_usd'],
    ['BTC-usd', 'btc_usd'],
    ['usd-coin_usd', 'usd-coin_usd'],
    ['USD-COIN/USD', 'usd-coin_usd'],
    ['1000sats_usd-c', '1000sats_usd-c'],
    ['a-b/c-d', 'a-b_c-d'],
    ['-_usd', '-_usd'],
  ])('%s is %s', (text, ticker) => {
    expect(readTicker(text).parts?.ticker).toBe(ticker);
    expect(text).toMatch(new RegExp(TICKER_PATTERN));
  });

  test.each([
    ['usd-coin-usd', 'has 2 hyphens, so base and quote cannot be told apart: write usd-coin_usd or usd_coin-usd'],
    ['A-B-C-D', 'has 3 hyphens, so base and quote cannot be told apart: write a-b-c_d or a_b-c-d'],
    ['btc', 'is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD'],
    ['', 'is no ticker'],
    ['-', 'is no ticker'],
    ['/usd', 'is no ticker'],
    ['btc/', 'is no ticker'],
    ['-usd', 'is no ticker'],
    ['btc/usd/x', 'is no ticker'],
    ['btc_usd/x', 'is no ticker'],
    ['btc//usd', 'is no ticker'],
    ['btc usd', 'is no ticker'],
    [' btc_usd', 'is no ticker'],
    ['btc_usd\n', 'is no ticker'],
    ['btc\\usd', 'is no ticker'],
    ['\u212ala_usd', 'is no ticker'],
    ['btc\u2215usd', 'is no ticker'],
    [`${'a'.repeat(32)}/usd`, 'is no ticker'],
  ])('%j is refused: it %s', (text, fault) => {
    expect(readTicker(text).fault).toContain(fault);
  });

  test('whatever is written, what is understood is a canonical ticker, and every canonical ticker is understood as itself', () => {
    const name = fc.stringMatching(/^[a-z0-9-]{1,31}$/);
    fc.assert(
      fc.property(name, name, (base, quote) => {
        expect(readTicker(`${base}_${quote}`)).toEqual({ parts: { ticker: `${base}_${quote}`, base, quote } });
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z_/-]{1,9}$/)), (text) => {
        const { parts, fault } = readTicker(text);
        if (parts !== undefined) expect(parseTicker(parts.ticker)).toEqual(parts);
        else expect(fault).toMatch(/./);
      }),
    );
  });
});

describe('an unknown ticker', () => {
  test.each([
    ['BTC/USDT', ['btc_usd', 'eth_usd'], 'btc_usdt is not known: did you mean btc_usd or eth_usd?'],
    ['doge-eur', ['btc_usd'], 'doge_eur is not known: the nearest are btc_usd'],
    ['doge-eur', [], 'doge_eur is not known: none is catalogued yet'],
    [
      'usd-coin-usd',
      ['usd-coin_usd', 'btc_usd'],
      'usd-coin-usd has 2 hyphens, so base and quote cannot be told apart: write usd-coin_usd or usd_coin-usd; did you mean usd-coin_usd?',
    ],
    [
      `${'a'.repeat(99)}`,
      ['btc_usd'],
      `${'a'.repeat(64)}… is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD; the nearest are btc_usd`,
    ],
  ])('%s among %j: %s', (written, known, fault) => {
    expect(unknownTickerFault(written, known)).toBe(fault);
  });
});
