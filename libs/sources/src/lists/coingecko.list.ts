import { z } from 'zod';
import { type AssetList, wireIsoTime, wireObject } from '../contract/index.js';
import { coingeckoSource } from '../providers/coingecko.source.js';
import { assetText, wireAmount } from './asset-fields.js';
import { recordsOf } from './records-of.js';

/** The largest page (docs.coingecko.com, coins-markets: per_page 1 to 250). A page past the end is an empty list. */
const PER_PAGE = 250;

const COIN = z.object({
  id: assetText,
  symbol: assetText,
  name: assetText,
  current_price: wireAmount,
  market_cap: wireAmount,
  total_volume: wireAmount,
  last_updated: wireIsoTime,
});

/** CoinGecko's /coins/markets: coins by market capitalisation, 250 a page. */
export const coingeckoList: AssetList = {
  source: coingeckoSource,
  // Keyless and demo months have room for little more.
  defaultPages: 1,
  maxBodyBytes: 2 * 1024 * 1024,
  request: (page) => ({
    path: '/coins/markets',
    query: {
      vs_currency: 'usd',
      order: 'market_cap_desc',
      per_page: String(PER_PAGE),
      page: String(page),
      precision: 'full',
    },
  }),
  parse: (reader) => {
    const rows = reader.shape(z.array(z.unknown()));
    return { records: recordsOf(rows), isLast: rows.length < PER_PAGE };
  },
  read: (reader) => {
    reader.shape(wireObject);
    const coin = reader.shape(COIN);
    return {
      ...{ assetId: coin.id, symbol: coin.symbol, name: coin.name },
      ...{ priceUsd: coin.current_price, marketCap: coin.market_cap, volume24h: coin.total_volume },
      updatedAt: coin.last_updated,
    };
  },
};
