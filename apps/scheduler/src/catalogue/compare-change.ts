import { isDeepStrictEqual } from 'node:util';
import type { CataloguedTicker } from '@app/storage';
import { requestOf } from './catalogue.service.js';
import type { SamplingChange, TickerChange } from './ticker-request.js';

/** The fields of a change that say how a ticker is sampled. */
const SAMPLING_FIELDS = ['interval_seconds', 'rule', 'sources', 'checks', 'median'] as const;

/** The part of a change that is not as the ticker is sampled now, or was last. */
export function samplingChange(current: CataloguedTicker, change: TickerChange): SamplingChange {
  const known = requestOf(current);
  const different = SAMPLING_FIELDS.filter(
    (field) => change[field] !== undefined && !isDeepStrictEqual(change[field] ?? undefined, known[field]),
  );
  return Object.fromEntries(different.map((field) => [field, change[field]]));
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
