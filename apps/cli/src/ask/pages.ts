import { z } from 'zod';
import { UsageError } from '../usage-error.js';
import type { ApiAnswer, ApiClient, Query } from './api-client.js';

/** Most entries that are asked for at once: what is in memory at a time. */
const PAGE = 1_000;

/** What a long answer is asked with. */
export interface PagedQuestion<Page> {
  readonly api: ApiClient;
  readonly path: string;
  readonly query: Query;
  readonly schema: z.ZodType<Page & { readonly next: string | null }>;
  readonly sizeOf: (page: Page) => number;
  /** Most entries; undefined: to the end. */
  readonly limit: number | undefined;
}

/**
 * Asks for a long answer page by page, to its end or to the limit.
 * @returns whether there is more than the limit.
 */
export async function readPages<Page>(
  { api, path, query, schema, sizeOf, limit = Infinity }: PagedQuestion<Page>,
  take: (page: ApiAnswer<Page>, isFirst: boolean) => void,
): Promise<boolean> {
  let cursor: string | undefined;
  for (let left = limit; left > 0;) {
    const page = await api.get(path, { ...query, limit: Math.min(left, PAGE), cursor }, schema);
    take(page, cursor === undefined);
    left -= sizeOf(page.value);
    if (page.value.next === null) return false;
    cursor = page.value.next;
  }
  return true;
}

/** Reads `--limit`. @throws UsageError */
export function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit === 0) throw new UsageError(`--limit ${text}: give a whole number, 1 to 999999999.`);
  return limit;
}
