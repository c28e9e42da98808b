import { LIMIT_SHARE, type CallLimit } from '@app/domain';
import { endpointFor, type RequestedTicker, type Source } from '../contract/index.js';
import { planOf, type SourceAccess } from './source-access.js';

/** What calls to a source are held to. */
export interface CallLimits {
  readonly limit: CallLimit;
  /** What a month of the plan allows, in credits; undefined for a plan that counts no months. */
  readonly monthly: number | undefined;
}

/** The limits of a source: the share of what its plan publishes that is used, and the credits of a month. */
export function callLimitsOf(source: Source, access: SourceAccess | undefined): CallLimits {
  const { limit, monthly } = planOf(source, access);
  return { limit: { share: limit.calls * LIMIT_SHARE, perSeconds: limit.perSeconds }, monthly: monthly?.credits };
}

/** What the call that asks for these tickers counts against limit and month. */
export function callCostOf(source: Source, tickers: readonly RequestedTicker[]): number {
  return endpointFor(source, tickers).cost?.(tickers.length) ?? 1;
}
