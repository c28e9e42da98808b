import type { AssetList } from '../contract/index.js';
import { coingeckoList } from './coingecko.list.js';
import { coinpaprikaList } from './coinpaprika.list.js';

/** The lists of assets that can be read. A new one is a file and a line here. */
export const ASSET_LISTS: readonly AssetList[] = [coingeckoList, coinpaprikaList];
