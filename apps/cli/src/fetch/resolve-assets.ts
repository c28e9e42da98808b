import { parseTicker } from '@app/domain';
import { coingeckoSymbolOf, type ListedName, type Source, SourceError } from '@app/sources';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../usage-error.js';
import type { AskedPrice } from './asked-price.js';

/** What assets are looked up in. */
export interface AssetBook {
  readonly coingecko: Source;
  /** Asks CoinGecko for its whole list. @throws SourceError */
  readonly fetchList: () => Promise<readonly ListedName[]>;
}

/** How many candidates of an ambiguous symbol are listed. */
const MOST_CANDIDATES = 10;

/**
 * Turns assets into tickers: ids of CoinGecko (`bitcoin`) or symbols (`btc`). Well known ones come out of the table; any other is looked
 * up in CoinGecko's own list, and is asked for there alone, since its symbol may be another coin's elsewhere.
 * @throws UsageError for an ambiguous symbol, with its candidates, and for what nobody knows, with the nearest name.
 */
export async function resolveAssets(
  assets: readonly string[],
  quote: string,
  { coingecko, fetchList }: AssetBook,
): Promise<AskedPrice[]> {
  let list: Promise<readonly ListedName[]> | undefined;
  const resolved = new Map<string, AskedPrice>();
  const keep = (asked: AskedPrice): unknown => resolved.set(asked.parts.ticker, asked);
  for (const asset of [...new Set(assets.map((text) => text.trim().toLowerCase()).filter((text) => text !== ''))]) {
    const symbol = isKnownSymbol(asset, coingecko) ? asset : coingeckoSymbolOf(asset);
    if (symbol !== undefined) {
      keep(askedFor(symbol, quote, new Map()));
      continue;
    }
    list ??= fetchList();
    const id = findListed(asset, await listOrFault(list, asset));
    keep(askedFor(id, quote, new Map([[coingecko.name, id]])));
  }
  if (resolved.size === 0) throw new UsageError('No asset is named: give some, such as bitcoin,ethereum.');
  return [...resolved.values()];
}

function isKnownSymbol(asset: string, coingecko: Source): boolean {
  const parts = parseTicker(`${asset}_usd`);
  return parts !== undefined && coingecko.defaultSymbol(parts) !== undefined;
}

function askedFor(base: string, quote: string, names: ReadonlyMap<string, string>): AskedPrice {
  const parts = parseTicker(`${base}_${quote}`);
  if (parts !== undefined) return { parts, names };
  throw new UsageError(
    `${base} in ${quote} makes no ticker: give one of your own, as in --ticker mine_usd --source coingecko --name mine_usd=${base}.`,
  );
}

async function listOrFault(list: Promise<readonly ListedName[]>, asset: string): Promise<readonly ListedName[]> {
  try {
    return await list;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new Error(
      `${asset} is not in the table of well known assets, and CoinGecko's list cannot be had: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function findListed(asset: string, list: readonly ListedName[]): string {
  if (list.some(({ name }) => name === asset)) return asset;
  const candidates = list.filter(({ symbol }) => symbol === asset);
  const [only, ...others] = candidates;
  if (only === undefined) {
    const known = list.flatMap(({ name, symbol }) => [name, symbol]);
    throw new UsageError(`CoinGecko knows no asset ${asset}${didYouMean(asset, known)}`);
  }
  if (others.length === 0) return only.name;
  const said = candidates
    .slice(0, MOST_CANDIDATES)
    .map(({ name, title }) => (title === undefined ? name : `${name} (${title})`));
  const more = candidates.length > said.length ? `, and ${candidates.length - said.length} more` : '';
  throw new UsageError(
    `${asset} is the symbol of ${candidates.length} assets: name one by its id: ${said.join(', ')}${more}.`,
  );
}
