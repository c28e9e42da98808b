import { compareDecimals, plainDecimal } from './decimal.js';
import type { Quote } from './quote.js';
import type { RejectionReason } from './reason.js';

/** Nothing that is traded costs more than this in any quote currency; a wire value above it is a fault. */
export const MAX_PLAUSIBLE_PRICE = '1000000000000';
/** The smallest listed tokens stand near 1e-13 USD; below this a wire value is a fault. */
export const MIN_PLAUSIBLE_PRICE = '0.000000000000000001';
/** How far a source's clock may run ahead of ours before its time is called the future. */
export const MAX_SOURCE_LEAD_MS = 60_000;

/** The verdict on one quote: a plain decimal to keep, or the reason why not. */
export type Verdict =
  | { readonly outcome: 'accepted'; readonly price: string }
  | { readonly outcome: 'rejected'; readonly reason: RejectionReason };

/** Judges one quote by itself. Never throws: what cannot be believed is rejected with its reason. */
export function checkQuote(quote: Quote, receivedAt: Date): Verdict {
  const price = plainDecimal(quote.price);
  if (price === undefined) return reject('not_a_decimal');
  if (compareDecimals(price, '0') <= 0) return reject('not_positive');
  if (compareDecimals(price, MAX_PLAUSIBLE_PRICE) > 0) return reject('absurd');
  if (compareDecimals(price, MIN_PLAUSIBLE_PRICE) < 0) return reject('absurd');
  if (quote.sourceTime !== undefined && quote.sourceTime.getTime() > receivedAt.getTime() + MAX_SOURCE_LEAD_MS) {
    return reject('in_the_future');
  }
  return { outcome: 'accepted', price };
}

function reject(reason: RejectionReason): Verdict {
  return { outcome: 'rejected', reason };
}
