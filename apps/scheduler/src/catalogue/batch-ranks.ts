import type { TickerConfiguration } from '@app/storage';
import {
  endpointFor,
  planOf,
  sourceById,
  type ListedName,
  type RequestedTicker,
  type Source,
  type SourceAccess,
} from '@app/sources';

/** What one call to a source asks for. */
export interface AskedBatch {
  readonly source: Source;
  readonly batch: string;
  readonly asked: readonly RequestedTicker[];
}

/** A symbol that its batch never gives. */
export interface UnlistedSymbol {
  readonly symbol: string;
  /** A sentence with its cure. */
  readonly fault: string;
}

/** The calls that these tickers are asked for in, of the sources that this build knows. */
export function batchesOf(configurations: readonly TickerConfiguration[]): AskedBatch[] {
  const asked = configurations.flatMap(({ ticker, sources }) =>
    sources.flatMap(({ sourceId, batch, sourceSymbol }) => {
      const source = sourceById(sourceId);
      return source === undefined ? [] : [{ source, batch, asked: { ticker, sourceSymbol } }];
    }),
  );
  return [...Map.groupBy(asked, ({ source, batch }) => `${source.id} ${batch}`).values()].flatMap(
    ([first, ...others]) =>
      first === undefined ? [] : [{ ...first, asked: [first, ...others].map((member) => member.asked) }],
  );
}

/**
 * The symbols of a batch that the source leaves out of its answer, since they stand too far down in its list; it gives them to a call of
 * their own alone.
 * @param names the source's own list.
 */
export function unlistedIn(
  { source, batch, asked }: AskedBatch,
  names: ReadonlyMap<string, ListedName>,
  access: SourceAccess = {},
): UnlistedSymbol[] {
  const maxRank = endpointFor(source, asked).maxRank?.[planOf(source, access).name];
  if (maxRank === undefined) return [];
  // A list that ranks nobody says nothing of anybody.
  const isRanked = [...names.values()].some(({ rank }) => rank !== undefined);
  return asked.flatMap(({ ticker, sourceSymbol: symbol }) => {
    const listed = names.get(symbol);
    if (listed === undefined || !isRanked || (listed.rank ?? Number.POSITIVE_INFINITY) <= maxRank) return [];
    const place = listed.rank === undefined ? 'has no rank' : `is number ${listed.rank}`;
    const fault =
      `${ticker}: ${source.name} answers a call for several with its first ${maxRank} coins, and ${symbol} ${place}: ` +
      `give it a batch of its own instead of ${batch}`;
    return [{ symbol, fault }];
  });
}
