import { syntheticAssets, syntheticNumber } from '../market/assets.js';

/** The assets that a source lists, each with the source's own name for it. */
export interface AssetNames {
  /** The short name behind a source's name, e.g. `btc` for `bitcoin`; made-up ones are known, switched on or not. */
  readonly assetOf: (name: string) => string | undefined;
  /** The listed assets, real ones first, then as many made-up ones. */
  readonly listed: (syntheticCount: number) => readonly string[];
  readonly nameOf: (asset: string) => string;
  /** Place in the list, from 1 on. */
  readonly rankOf: (asset: string) => number;
}

/**
 * Makes the names of a source.
 * @param assets short names of the listed assets, in the order of the source's own list.
 * @param nameOf the source's name for a short name.
 */
export function assetNames(assets: readonly string[], nameOf: (asset: string) => string): AssetNames {
  const byName = new Map(assets.map((asset) => [nameOf(asset), asset]));
  const ranks = new Map(assets.map((asset, index) => [asset, index + 1]));
  let list: { count: number; assets: readonly string[] } = { count: 0, assets };
  return {
    assetOf: (name) => {
      const asset = byName.get(name);
      if (asset !== undefined) return asset;
      const synthetic = /sim\d{4,5}/.exec(name.toLowerCase())?.[0];
      if (synthetic === undefined || syntheticNumber(synthetic) === undefined) return undefined;
      return nameOf(synthetic) === name ? synthetic : undefined;
    },
    listed: (count) => {
      if (list.count !== count) list = { count, assets: [...assets, ...syntheticAssets(count)] };
      return list.assets;
    },
    nameOf,
    rankOf: (asset) => ranks.get(asset) ?? assets.length + (syntheticNumber(asset) ?? 0),
  };
}

/** Full names of the assets, for the lists of the sources; a made-up one is called by its short name in capitals. */
const TITLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    aave: 'Aave',
    ada: 'Cardano',
    algo: 'Algorand',
    apt: 'Aptos',
    arb: 'Arbitrum',
    atom: 'Cosmos',
    avax: 'Avalanche',
    bch: 'Bitcoin Cash',
    bnb: 'BNB',
    btc: 'Bitcoin',
    doge: 'Dogecoin',
    dot: 'Polkadot',
    etc: 'Ethereum Classic',
    eth: 'Ethereum',
    fil: 'Filecoin',
    hbar: 'Hedera',
    hype: 'Hyperliquid',
    icp: 'Internet Computer',
    leo: 'LEO Token',
    link: 'Chainlink',
    ltc: 'Litecoin',
    near: 'NEAR Protocol',
    op: 'Optimism',
    paxg: 'PAX Gold',
    shib: 'Shiba Inu',
    sol: 'Solana',
    steth: 'Lido Staked Ether',
    sui: 'Sui',
    ton: 'Toncoin',
    trump: 'Official Trump',
    trx: 'TRON',
    uni: 'Uniswap',
    usdc: 'USD Coin',
    usdt: 'Tether',
    vet: 'VeChain',
    xlm: 'Stellar',
    xmr: 'Monero',
    xrp: 'XRP',
  }),
);

/** The full name of an asset, e.g. `Bitcoin`. */
export function titleOf(asset: string): string {
  return TITLES.get(asset) ?? asset.toUpperCase();
}

/** The assets that the aggregators list, by size. */
export const LISTED_BY_SIZE: readonly string[] = (
  'btc eth usdt bnb xrp usdc sol trx steth doge ada bch link hype xlm leo sui avax ltc hbar shib ton dot uni xmr aave near ' +
  'paxg etc apt icp arb atom algo fil vet op trump'
).split(' ');
