import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { UsageError } from '../usage-error.js';
import type { Attempt } from './fetch-prices.js';

/** What a row of a snapshot says, in this order. */
const COLUMNS = [
  'ticker',
  'price',
  'source',
  'source_symbol',
  'raw',
  'quoted_in',
  'rate',
  'rate_ticker',
  'flags',
  'source_time',
  'requested_at',
  'received_at',
];

/**
 * Writes accepted prices to a new CSV file, whole or not at all, and never over another one.
 * @returns the path of the file, whose name is the time in UTC.
 * @throws UsageError when the folder cannot be written to.
 */
export async function writeSnapshot(folder: string, prices: readonly Attempt[], nowMs: number): Promise<string> {
  const name = `prices-${new Date(nowMs).toISOString().replaceAll(':', '-')}.csv`;
  const file = join(folder, name);
  const temporary = join(folder, `.${name}.${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(stringify([COLUMNS, ...prices.map(rowOf)]));
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link, because a rename would replace a file that is there.
    await link(temporary, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The snapshot could not be written to ${file}: ${reason}`, { cause: error });
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

function rowOf(price: Attempt): string[] {
  return [
    price.ticker,
    price.price,
    price.source,
    price.sourceSymbol,
    price.raw,
    price.quotedIn,
    price.rate,
    price.rateTicker,
    price.flags?.join(' '),
    price.sourceTime?.toISOString(),
    price.requestedAt?.toISOString(),
    price.receivedAt?.toISOString(),
  ].map((cell) => cell ?? '');
}
