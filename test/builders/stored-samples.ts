import type { DecidedPrice, FetchResult, Sample, SampleRepository } from '@app/storage';
import { DERIBIT, NOON } from './stored-schedules.js';

/** Of which call samples come, and when they are stored; Deribit's for btc_usd at {@link NOON}, 3 s later, when left out. */
export interface SampleDraft {
  readonly sourceId?: number;
  readonly slot?: number;
  readonly batch?: string;
  readonly nowSeconds?: number;
  readonly result?: FetchResult;
}

/** The result of a call at the beginning of a slot. */
export function resultAt(slot: number, status: FetchResult['status'] = 'answered'): FetchResult {
  return {
    status,
    requestedAt: new Date(slot * 1000 + 100),
    receivedAt: new Date(slot * 1000 + 412),
    httpStatus: 200,
    latencyMs: 312,
  };
}

/** Stores what a call has brought. @returns the prices that were decided with it. */
export async function storeSamples(
  repository: SampleRepository,
  given: Sample | readonly Sample[],
  { sourceId = DERIBIT, slot = NOON, batch = 'btc_usd', ...rest }: SampleDraft = {},
): Promise<readonly DecidedPrice[]> {
  const { nowSeconds = slot + 3, result = resultAt(slot) } = rest;
  const samples = 'outcome' in given ? [given] : given;
  const { decided } = await repository.store({ sourceId, batch, slot }, samples, result, nowSeconds);
  return decided;
}
