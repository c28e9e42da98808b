import { z } from 'zod';
import { type AssetList, wireIsoTime, wireObject } from '../contract/index.js';
import { coinpaprikaSource } from '../providers/coinpaprika.source.js';
import { assetText, wireAmount } from './asset-fields.js';
import { recordsOf } from './records-of.js';

const COIN = z.object({
  id: assetText,
  symbol: assetText,
  name: assetText,
  last_updated: wireIsoTime,
  quotes: z.object({ USD: z.object({ price: wireAmount, market_cap: wireAmount, volume_24h: wireAmount }) }),
});

/** CoinPaprika's /tickers: every active coin in one answer; the free plan has the first 2,000. */
export const coinpaprikaList: AssetList = {
  source: coinpaprikaSource,
  defaultPages: 1,
  // The paid list of some 12,000 coins has about 8 MB.
  maxBodyBytes: 16 * 1024 * 1024,
  request: () => ({ path: '/tickers', query: { quotes: 'USD' } }),
  parse: (reader) => ({ records: recordsOf(reader.shape(z.array(z.unknown()))), isLast: true }),
  read: (reader) => {
    reader.shape(wireObject);
    const coin = reader.shape(COIN);
    const { price, market_cap, volume_24h } = coin.quotes.USD;
    return {
      ...{ assetId: coin.id, symbol: coin.symbol, name: coin.name },
      ...{ priceUsd: price, marketCap: market_cap, volume24h: volume_24h },
      updatedAt: coin.last_updated,
    };
  },
};
