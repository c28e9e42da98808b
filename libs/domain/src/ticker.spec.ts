import { MAX_TICKER_LENGTH, parseTicker } from './ticker.js';

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
