import { nearestNames, nearNames } from './nearest-names.js';

const known = ['btc_usd', 'eth_usd', 'sol_usd', 'xrp_usd'];

describe('nearest names', () => {
  it.each([
    ['btc_usdt', 'btc_usd'],
    ['BTC_USD', 'btc_usd'],
    ['btcusd', 'btc_usd'],
    ['etc_usd', 'btc_usd'],
  ])('suggests for %s first %s', (wrong, right) => {
    expect(nearNames(wrong, known)[0]).toBe(right);
  });

  it('does not look at case, on either side', () => {
    expect(nearestNames('btcusdc', ['btc_usdt', 'BTCUSDT'])[0]).toBe('BTCUSDT');
    expect(nearNames('BTCUSDC', ['btcusdt'])).toEqual(['btcusdt']);
  });

  it('tells as many as are asked for, those that are as near by name', () => {
    expect(nearestNames('zzz_usd', known, 2)).toEqual(['btc_usd', 'eth_usd']);
    expect(nearNames('xtc_usd', known, 1)).toEqual(['btc_usd']);
  });

  it('tells the nearest even when none is near, and no more than three', () => {
    expect(nearNames('doge', known)).toEqual([]);
    expect(nearestNames('doge', known)).toHaveLength(3);
    expect(nearestNames('doge', [])).toEqual([]);
  });
});
