import { COINGECKO_IDS } from '@app/domain';
import { addToMinute, SnapshotFileError, type SnapshotRow } from '@app/snapshots';
import { UsageError } from '../usage-error.js';
import type { AskedPrice } from './asked-price.js';
import type { Attempt } from './fetch-prices.js';

/** What a snapshot is written of. */
export interface SnapshotOptions {
  readonly folder: string;
  readonly asked: readonly AskedPrice[];
  /** Everything that was asked; a price that was fetched to convert others is left out. */
  readonly attempts: readonly Attempt[];
  /** When the command asked, milliseconds since 1970: the time of every line. */
  readonly nowMs: number;
}

/**
 * Adds what sources were asked in US dollars, and what they gave, to the snapshot of the minute.
 * @returns the path of the file; null when nobody was asked for a price in US dollars.
 * @throws UsageError when it cannot be written.
 */
export async function writeSnapshot({ folder, asked, attempts, nowMs }: SnapshotOptions): Promise<string | null> {
  const timestampUtc = new Date(nowMs).toISOString();
  const inDollars = new Map(
    asked.filter(({ parts }) => parts.quote === 'usd').map((one) => [one.parts.ticker, one] as const),
  );
  const rows = attempts.flatMap((attempt) => {
    const one = inDollars.get(attempt.ticker);
    return one === undefined || attempt.outcome === 'unasked' ? [] : rowOf(attempt, one, timestampUtc);
  });
  if (rows.length === 0) return null;
  const minute = Math.floor(nowMs / 60_000) * 60;
  try {
    return await addToMinute({ folder, minute, rows });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const whole = error instanceof SnapshotFileError ? reason : `No snapshot can be written to ${folder}: ${reason}`;
    throw new UsageError(whole, { cause: error });
  }
}

function rowOf(attempt: Attempt, { parts, names }: AskedPrice, timestampUtc: string): SnapshotRow {
  const { source, price, httpStatus, requestedAt, receivedAt } = attempt;
  const tookMs = requestedAt && receivedAt && receivedAt.getTime() - requestedAt.getTime();
  return {
    ...{ timestampUtc, source, priceUsd: price, httpStatus },
    asset: names.get('coingecko') ?? COINGECKO_IDS.get(parts.base) ?? parts.base,
    latencyMs: attempt.latencyMs ?? tookMs,
    // A command asks each source once.
    attempt: requestedAt === undefined ? undefined : 1,
  };
}
