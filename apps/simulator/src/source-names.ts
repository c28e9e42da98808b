/** The sources that the simulator speaks. */
export const SOURCE_NAMES = ['deribit', 'coingecko'] as const;
/** One of {@link SOURCE_NAMES}. */
export type SourceName = (typeof SOURCE_NAMES)[number];

/** The index names that Deribit's own API description lists (OpenAPI 2.1.1, `public/get_index_price`); in USD only two. */
export const DERIBIT_INDEX_NAMES: readonly string[] = (
  'ada_usdc algo_usdc avax_usdc bch_usdc bnb_usdc btc_eurr btc_usd btc_usdc btc_usde btc_usdt btc_usyc btcdvol_usdc ' +
  'buidl_usdc doge_usdc dot_usdc drbfix-btc_usdc drbfix-eth_usdc eth_btc eth_eurr eth_usd eth_usdc eth_usde eth_usdt ' +
  'eth_usyc ethdvol_usdc eurr_usdc eurr_usdt link_usdc ltc_usdc near_usdc paxg_btc paxg_usdc shib_usdc sol_usdc ' +
  'sol_usdt steth_eth steth_usdc steth_usdt ton_usdc trump_usdc trx_usdc uni_usdc usdc_usdt usde_usdc usde_usdt ' +
  'usyc_usdc xrp_usdc'
).split(' ');

/** CoinGecko's ids of the coins that the simulated CoinGecko lists, with the asset each stands for. */
export const COINGECKO_COINS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    algorand: 'algo',
    'avalanche-2': 'avax',
    binancecoin: 'bnb',
    bitcoin: 'btc',
    'bitcoin-cash': 'bch',
    cardano: 'ada',
    chainlink: 'link',
    dogecoin: 'doge',
    ethereum: 'eth',
    litecoin: 'ltc',
    near: 'near',
    'official-trump': 'trump',
    'pax-gold': 'paxg',
    polkadot: 'dot',
    ripple: 'xrp',
    'shiba-inu': 'shib',
    solana: 'sol',
    'staked-ether': 'steth',
    tether: 'usdt',
    'the-open-network': 'ton',
    tron: 'trx',
    uniswap: 'uni',
    'usd-coin': 'usdc',
  }),
);

/** The currencies that the simulated CoinGecko prices in; the real one has some 60. */
export const COINGECKO_CURRENCIES: ReadonlySet<string> = new Set(['usd', 'eur', 'gbp', 'jpy', 'chf', 'btc', 'eth']);

const DERIBIT_INDEXES: ReadonlySet<string> = new Set(DERIBIT_INDEX_NAMES);

/**
 * The ticker behind a source's own name: `btc_usd` for Deribit's `btc_usd` and for CoinGecko's `bitcoin` in `usd`.
 * @param quote the currency asked for; Deribit's names hold their own.
 * @returns undefined when the source does not know the name or the currency.
 */
export function tickerOf(source: SourceName, name: string, quote: string): string | undefined {
  switch (source) {
    case 'deribit':
      return DERIBIT_INDEXES.has(name) ? name : undefined;
    case 'coingecko': {
      const asset = COINGECKO_COINS.get(name);
      return asset === undefined || !COINGECKO_CURRENCIES.has(quote) ? undefined : `${asset}_${quote}`;
    }
  }
}
