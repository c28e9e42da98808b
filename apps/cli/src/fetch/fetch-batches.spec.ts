import { type RequestedTicker, sourceByName } from '@app/sources';
import { batchesOf } from './fetch-batches.js';

function sizes(source: string, tickers: readonly RequestedTicker[]): number[] {
  const known = sourceByName(source);
  if (known === undefined) throw new Error(`no source ${source}`);
  return batchesOf(known, tickers).map((batch) => batch.length);
}

function many(count: number, quote = 'usd'): RequestedTicker[] {
  return Array.from({ length: count }, (_, index) => ({ ticker: `c${index}_${quote}`, sourceSymbol: `c${index}` }));
}

describe('cutting what is asked into calls', () => {
  it('asks one by one where a call gives one price', () => {
    expect(sizes('deribit', many(3))).toEqual([1, 1, 1]);
  });

  it('fills a call as far as the source takes it', () => {
    expect(sizes('coingecko', many(250))).toEqual([100, 100, 50]);
    expect(sizes('coinpaprika', many(30))).toEqual([30]);
  });

  it('asks for each currency by itself', () => {
    expect(sizes('coingecko', [...many(2), ...many(3, 'eur')])).toEqual([2, 3]);
  });

  it('does not mix what different endpoints answer', () => {
    const product = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };
    expect(sizes('coinbase', [product, ...many(4)])).toEqual([1, 4]);
  });

  it('makes no call for nothing', () => {
    expect(sizes('kraken', [])).toEqual([]);
  });
});
