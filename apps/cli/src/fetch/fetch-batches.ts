import { parseTicker } from '@app/domain';
import { endpointFor, type RequestedTicker, type Source } from '@app/sources';

/** Cuts what is asked of a source into calls: one endpoint and one quote currency each, and no more than it takes. */
export function batchesOf(source: Source, tickers: readonly RequestedTicker[]): RequestedTicker[][] {
  const groups = Map.groupBy(
    tickers,
    (asked) => `${endpointFor(source, [asked]).name} ${parseTicker(asked.ticker)?.quote ?? ''}`,
  );
  return [...groups.values()].flatMap((group) => cut(source, group));
}

function cut(source: Source, group: readonly RequestedTicker[]): RequestedTicker[][] {
  const batches: RequestedTicker[][] = [];
  for (const asked of group) {
    const last = batches.at(-1);
    const longer = last === undefined ? undefined : [...last, asked];
    // Which endpoint answers, and so how many it takes, follows from what is in the batch.
    if (longer !== undefined && longer.length <= endpointFor(source, longer).maxBatch)
      batches[batches.length - 1] = longer;
    else batches.push([asked]);
  }
  return batches;
}
