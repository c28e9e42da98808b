import { COINGECKO_IDS, type LinkRule } from '@app/domain';
import { ASSET_LISTS } from '@app/sources';

/** What is held at the price of something else, or is a claim on it, by its id: its own price says nothing that the other does not. */
const PEGGED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    usd: `dai ethena-usde first-digital-usd paypal-usd ripple-usd tether true-usd usd-coin usd1-wlfi usds`,
    btc: 'coinbase-wrapped-btc wrapped-bitcoin',
    eth: 'staked-ether wrapped-eeth wrapped-steth',
    xau: 'pax-gold tether-gold',
  }).flatMap(([peggedTo, ids]) => ids.split(' ').map((id): [string, string] => [id, peggedTo])),
);

/** The rules that Tidemark brings: of well known coins, what their symbol means and what each source with a list calls them. */
export const SHIPPED_LINK_RULES: readonly LinkRule[] = [...COINGECKO_IDS].map(([symbol, canonicalId]) => {
  const parts = { ticker: `${symbol}_usd`, base: symbol, quote: 'usd' };
  const ids = ASSET_LISTS.flatMap(({ source }) => {
    const id = source.defaultSymbol(parts);
    return id === undefined ? [] : [[source.name, id] as const];
  });
  return { canonicalId, symbol, peggedTo: PEGGED.get(canonicalId), ids: Object.fromEntries(ids) };
});
