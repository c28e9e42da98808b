import { isDeepStrictEqual } from 'node:util';
import type { CataloguedTicker } from '@app/storage';
import { requestOf } from './catalogue.service.js';
import type { SamplingChange, TickerChange } from './ticker-request.js';

/** The fields of a change that say how a ticker is sampled. */
const SAMPLING_FIELDS = ['interval_seconds', 'rule', 'sources', 'checks', 'median'] as const;

/** What says together how often whom is asked: when anything changes, all of it that is given counts, also what is as it is. */
const GIVEN_TOGETHER: readonly string[] = ['interval_seconds', 'sources'];

/** The part of a change that is not as the ticker is sampled now, or was last, with what belongs to it; empty when nothing changes. */
export function samplingChange(current: CataloguedTicker, change: TickerChange): SamplingChange {
  const known = requestOf(current);
  const given = SAMPLING_FIELDS.filter((field) => change[field] !== undefined);
  const different = given.filter((field) => !isDeepStrictEqual(change[field] ?? undefined, known[field]));
  if (different.length === 0) return {};
  const fields = given.filter((field) => different.includes(field) || GIVEN_TOGETHER.includes(field));
  return Object.fromEntries(fields.map((field) => [field, change[field]]));
}

/** What of a change is read-only and not as it is: the name of the field, and why that cannot be. */
export function readOnlyFaults(
  current: CataloguedTicker,
  warnings: readonly string[],
  change: TickerChange,
): { readonly parameter: string; readonly detail: string }[] {
  const stored = {
    ticker: current.ticker,
    since_slot: current.fromSlot,
    until_slot: current.toSlot ?? null,
    warnings: [...warnings],
  };
  return Object.entries(stored).flatMap(([parameter, value]) => {
    const given = change[parameter as keyof typeof stored];
    if (given === undefined || isDeepStrictEqual(given, value)) return [];
    const detail = `is read-only, and is ${JSON.stringify(value)} now: leave it out, or read the ticker again`;
    return [{ parameter, detail }];
  });
}
