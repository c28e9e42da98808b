import { quoteOfMarket } from './market-quote.js';

const NAMES = { quotes: ['usd', 'usdt', 'tusd', 'btc'], bases: new Set(['btc', 'usdt', 'dot']) };

describe('the quote of a market whose name is run together', () => {
  it.each([
    ['BTCUSDT', 'usdt'],
    ['btcusd', 'usd'],
    ['BTCTUSD', 'tusd'],
    ['USDTUSD', 'usd'],
    ['DOTUSD', 'usd'],
    ['NEWTUSD', 'tusd'],
    ['DOTBTC', 'btc'],
  ])('is, of %s, %s', (name, quote) => {
    expect(quoteOfMarket(name, NAMES)).toBe(quote);
  });

  it.each([
    ['NEWCHF', 'chf'],
    ['usd', 'usd'],
    ['', ''],
  ])('is never that of the ticker when it is not known: %s', (name, quote) => {
    expect(quoteOfMarket(name, NAMES)).toBe(quote);
  });
});
