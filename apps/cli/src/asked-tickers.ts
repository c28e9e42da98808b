import { readTicker, type TickerParts } from '@app/domain';
import type { RequestedTicker, Source } from '@app/sources';
import { UsageError } from './usage-error.js';

/** The longest list of tickers that is taken, which is what the largest batch of a source has room for. */
const MAX_TICKERS = 2_000;

/**
 * Reads a list such as `btc_usd,ETH/USD`; one that is named twice counts once.
 * @throws UsageError for an empty list and for what is no ticker.
 */
export function readTickers(lists: readonly string[]): TickerParts[] {
  const texts = lists
    .flatMap((list) => list.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (texts.length === 0) throw new UsageError('No ticker is named: give some, such as btc_usd,eth_usd.');
  if (texts.length > MAX_TICKERS) throw new UsageError(`${texts.length} tickers are more than ${MAX_TICKERS}.`);
  const read = texts.map((text) => {
    const { parts, fault } = readTicker(text);
    if (parts === undefined) throw new UsageError(`${JSON.stringify(text)} ${fault}.`);
    return parts;
  });
  return [...new Map(read.map((parts) => [parts.ticker, parts])).values()];
}

/** Reads pairs such as `btc_usd=bitcoin`. @throws UsageError for one without an equals sign or of no asked ticker. */
export function readNames(pairs: readonly string[], tickers: readonly TickerParts[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      const [written, name] = [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()];
      const ticker = readTicker(written).parts?.ticker ?? written;
      if (at === -1 || ticker === '' || name === '') {
        throw new UsageError(`--name ${pair}: write ticker and name as in --name btc_usd=bitcoin.`);
      }
      if (!tickers.some((asked) => asked.ticker === ticker)) {
        throw new UsageError(`--name ${pair}: ${ticker} is not among the tickers that are asked for.`);
      }
      return [ticker, name];
    }),
  );
}

/** The tickers with their names at a source, and those that have none that is known here. */
export function splitByName(
  source: Source,
  tickers: readonly TickerParts[],
  names: ReadonlyMap<string, string>,
): { readonly named: readonly RequestedTicker[]; readonly nameless: readonly string[] } {
  const named: RequestedTicker[] = [];
  const nameless: string[] = [];
  for (const parts of tickers) {
    const sourceSymbol = names.get(parts.ticker) ?? source.defaultSymbol(parts);
    if (sourceSymbol === undefined) nameless.push(parts.ticker);
    else named.push({ ticker: parts.ticker, sourceSymbol });
  }
  return { named, nameless };
}
