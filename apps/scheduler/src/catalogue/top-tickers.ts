import { foldedName, parseTicker, type TickerParts } from '@app/domain';
import {
  endpointFor,
  planOf,
  type ListedName,
  type RequestedTicker,
  type Source,
  type SourceAccess,
} from '@app/sources';
import type { CataloguedTicker, RankedAsset } from '@app/storage';
import { SOURCE_SYMBOL, type TickerRequest } from './ticker-request.js';

/** A source that may be asked for a ticker, with what it lists. */
export interface AskedSource {
  readonly source: Source;
  readonly access: SourceAccess;
  /** Undefined when the list cannot be had. */
  readonly names: ReadonlyMap<string, ListedName> | undefined;
}

/** What the tickers of the greatest assets are made from. */
export interface TopTickersOptions {
  readonly assets: readonly RankedAsset[];
  readonly quote: string;
  readonly sources: readonly AskedSource[];
  /** The catalogue as it is. */
  readonly catalogued: readonly CataloguedTicker[];
  /** Whether a price in this currency can be converted into the quote. */
  readonly isConverted: (quotedIn: string) => boolean;
  /** In seconds, of tickers that are asked of a source without a month first. */
  readonly intervalSeconds: number;
  /** In seconds, of tickers that only sources with a month have. */
  readonly creditedIntervalSeconds: number;
}

/** An asset that gets no ticker. */
export interface LeftOutAsset {
  readonly asset: string;
  readonly symbol: string;
  /** The rest of a sentence that begins with the asset. */
  readonly reason: string;
}

/** The tickers of the greatest assets. */
export interface TopTickers {
  readonly added: readonly (TickerRequest & { readonly asset: string })[];
  /** Tickers that are sampled already. */
  readonly sampled: readonly string[];
  readonly leftOut: readonly LeftOutAsset[];
}

/** What a source calls a ticker. */
interface FoundSymbol {
  readonly source: Source;
  readonly symbol: string;
  /** Whether it is a price in another currency. */
  readonly isConverted: boolean;
  /** Whether its calls are counted by the month. */
  readonly isCredited: boolean;
  /** Whether it is the price of a market, and not one that was made of several. */
  readonly isMarket: boolean;
}

/** A symbol that is a currency with something around it is that of a coin which is held at its price. */
const NAMES_CURRENCY = /^(usd|eur)|(usd|eur)$/;

/** Which ticker each asset gets, and from which sources; the first source is asked in every slot, the others stand by. */
export function topTickers(options: TopTickersOptions): TopTickers {
  const { assets, quote, sources, catalogued } = options;
  const known = new Map(catalogued.map((ticker) => [ticker.ticker, ticker]));
  const batches = new Batches(catalogued);
  const added: (TickerRequest & { asset: string })[] = [];
  const sampled: string[] = [];
  const leftOut: LeftOutAsset[] = [];
  for (const asset of assets) {
    const parts = parseTicker(`${asset.symbol}_${quote}`);
    const current = known.get(parts?.ticker ?? '');
    const leave = (reason: string) => leftOut.push({ asset: asset.canonicalId, symbol: asset.symbol, reason });
    const reason = reasonAgainst(asset, quote, parts);
    if (reason !== undefined || parts === undefined) leave(reason ?? 'has no symbol that a ticker can have');
    else if (current?.enabled === true) sampled.push(parts.ticker);
    else if (current !== undefined)
      leave(`is disabled: PATCH /tickers/${parts.ticker} with {"enabled":true} enables it`);
    else {
      const found = sources.flatMap((asked) => findSymbol(asset, parts, asked, options) ?? []);
      if (found.length === 0) leave(`is listed in ${quote} by none of these sources`);
      else added.push({ ...requestFor(parts.ticker, found, options, batches), asset: asset.canonicalId });
    }
  }
  return { added, sampled, leftOut };
}

function reasonAgainst(asset: RankedAsset, quote: string, parts: TickerParts | undefined): string | undefined {
  const { symbol, peggedTo, isSymbolClear } = asset;
  if (symbol === quote) return 'is the quote itself';
  if (peggedTo !== null) return `is pegged to ${peggedTo}`;
  if (NAMES_CURRENCY.test(symbol)) return 'has the name of a currency in its symbol, so that it is taken for pegged';
  if (!isSymbolClear)
    return `has a symbol that others have too: tidemark etl assets --ambiguous --symbol ${symbol} shows them`;
  if (parts === undefined) return 'has no symbol that a ticker can have';
  return undefined;
}

/**
 * What a source calls the asset: as its list of assets or a rule says, else the one market of its own list with this symbol. Where that list has names, as
 * those of coins have, another coin with the symbol is not meant.
 */
function findSymbol(
  asset: RankedAsset,
  parts: TickerParts,
  { source, access, names }: AskedSource,
  { isConverted }: TopTickersOptions,
): FoundSymbol | undefined {
  const found = { source, isCredited: planOf(source, access).monthly !== undefined };
  const id = asset.ids[source.name];
  if (id !== undefined) {
    const isTaken = takesQuote(source, parts.quote) && isListed(id, names, maxRankOf(source, access));
    return isTaken && SOURCE_SYMBOL.test(id)
      ? { ...found, symbol: id, isConverted: false, isMarket: false }
      : undefined;
  }
  if (names === undefined) return undefined;
  const alike = [...names.values()].filter(({ symbol }) => symbol === parts.base);
  const usual = source.defaultSymbol(parts);
  const markets = alike.filter(({ quote }) => (quote ?? parts.quote) === parts.quote);
  const direct = markets.filter(({ title }) => title === undefined || foldedName(title) === foldedName(asset.name));
  const usualOne = direct.filter(({ name }) => name === usual);
  const [only] = [usualOne, direct].filter(({ length }) => length === 1).flat();
  if (only !== undefined)
    return { ...found, symbol: only.name, isConverted: false, isMarket: only.title === undefined };
  const other = usual === undefined ? undefined : names.get(usual);
  const quotedIn = usual === undefined ? undefined : source.quoteOf?.(usual);
  if (markets.length > 0 || other === undefined || quotedIn === undefined || !isConverted(quotedIn)) return undefined;
  return { ...found, symbol: other.name, isConverted: true, isMarket: true };
}

/** A source of coins takes a currency or not, whatever the coin is. */
function takesQuote(source: Source, quote: string): boolean {
  return ['btc', 'eth'].some(
    (base) => base !== quote && source.defaultSymbol({ ticker: `${base}_${quote}`, base, quote }) !== undefined,
  );
}

function isListed(id: string, names: AskedSource['names'], maxRank: number): boolean {
  if (names === undefined) return true;
  const listed = names.get(id);
  return listed !== undefined && (listed.rank ?? 0) <= maxRank;
}

/** Down to which place a call for several answers. */
function maxRankOf(source: Source, access: SourceAccess): number {
  return endpointFor(source, SEVERAL).maxRank?.[planOf(source, access).name] ?? Number.POSITIVE_INFINITY;
}

const SEVERAL = ['btc', 'eth'].map((base) => ({ ticker: `${base}_usd`, sourceSymbol: base }));

/** Markets in the quote itself come first, of them those that answer for many in one call; what costs credits comes last. */
function requestFor(
  ticker: string,
  found: readonly FoundSymbol[],
  { quote, intervalSeconds, creditedIntervalSeconds }: TopTickersOptions,
  batches: Batches,
): TickerRequest {
  const ordered = found.toSorted((left, right) => rankOf(left, ticker) - rankOf(right, ticker));
  const interval = ordered[0]?.isCredited === true ? creditedIntervalSeconds : intervalSeconds;
  const sources = ordered.map(({ source, symbol }, index) => ({
    ...{ source: source.name, source_symbol: symbol },
    batch: batches.join(source, `top_${quote}_${interval}s`, { ticker, sourceSymbol: symbol }),
    ...(index > 0 ? { standby: true } : {}),
  }));
  return { ticker, interval_seconds: interval, rule: 'priority', sources };
}

function rankOf({ source, symbol, isConverted, isCredited, isMarket }: FoundSymbol, ticker: string): number {
  const isAlone = endpointFor(source, [{ ticker, sourceSymbol: symbol }]).maxBatch === 1;
  return (isCredited ? 8 : 0) + (isConverted ? 4 : 0) + (isMarket ? 0 : 2) + (isAlone ? 1 : 0);
}

/** Calls, and whom they ask for. */
class Batches {
  private readonly members = new Map<string, RequestedTicker[]>();

  constructor(catalogued: readonly CataloguedTicker[]) {
    for (const { enabled, ticker, sources } of catalogued) {
      if (!enabled) continue;
      for (const { sourceId, batch, sourceSymbol } of sources) this.put(sourceId, batch, { ticker, sourceSymbol });
    }
  }

  /** The first batch of this name that has room; one of its own where a call is for one ticker. */
  join(source: Source, name: string, asked: RequestedTicker): string {
    if (endpointFor(source, [asked]).maxBatch === 1) return asked.ticker;
    for (let number = 1; ; number += 1) {
      const batch = `${name}_${number}`;
      const all = [...(this.members.get(`${source.id} ${batch}`) ?? []), asked];
      if (endpointFor(source, all).maxBatch < all.length) continue;
      this.put(source.id, batch, asked);
      return batch;
    }
  }

  private put(sourceId: number, batch: string, asked: RequestedTicker): void {
    const key = `${sourceId} ${batch}`;
    this.members.set(key, [...(this.members.get(key) ?? []), asked]);
  }
}
