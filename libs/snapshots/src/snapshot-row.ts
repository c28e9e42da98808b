/** What a line of a snapshot says, in this order: the header of every file. */
export const SNAPSHOT_COLUMNS = [
  'timestamp_utc',
  'source',
  'asset',
  'price_usd',
  'http_status',
  'latency_ms',
  'attempt',
] as const;

/** One sample in US dollars, as a snapshot has it. */
export interface SnapshotRow {
  /** ISO 8601 with Z: of a slot in whole seconds, else with milliseconds, which is how the two are told apart. */
  readonly timestampUtc: string;
  /** Name of the source. */
  readonly source: string;
  /** The CoinGecko id where one is known, else the base of the ticker. */
  readonly asset: string;
  /** A plain decimal; defined exactly when the sample was accepted. */
  readonly priceUsd: string | undefined;
  /** Of the last attempt of its call, as the two below; undefined where nobody was called, or no answer came. */
  readonly httpStatus: number | undefined;
  readonly latencyMs: number | undefined;
  /** Which attempt that was; the first is 1. */
  readonly attempt: number | undefined;
}

/** Whether a line is that of a slot, by its time. */
export function isOfSlot(timestampUtc: string): boolean {
  return !timestampUtc.includes('.');
}

/** The cells of a line. */
export function cellsOf(row: SnapshotRow): string[] {
  const { timestampUtc, source, asset, priceUsd, httpStatus, latencyMs, attempt } = row;
  return [timestampUtc, source, asset, priceUsd, httpStatus, latencyMs, attempt].map((cell) => String(cell ?? ''));
}

/** Lines in the order of time, asset and source, and of whatever else they say, so that equal lines make equal files. */
export function inOrder(lines: readonly (readonly string[])[]): (readonly string[])[] {
  // Times are read once, and not at each comparison: a minute may have tens of thousands of lines.
  const timed = lines.map((line) => ({ line, timeMs: Date.parse(line[0] ?? '') }));
  timed.sort((left, right) => left.timeMs - right.timeMs || compareLines(left.line, right.line));
  return timed.map(({ line }) => line);
}

function compareLines(left: readonly string[], right: readonly string[]): number {
  return compareTexts(left[2], right[2]) || compareTexts(left[1], right[1]) || compareTexts(left.join(), right.join());
}

function compareTexts(left = '', right = ''): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
