import { compareDecimals, isFractionWithin, percentOfFraction, plainDecimal } from '../decimal.js';
import type { Quote } from '../quote.js';
import { quotedPrice, uncertaintyOf, type PriceParts, type Rate } from './quoted-price.js';
import type { RejectionReason } from '../reason.js';
import { DEFAULT_CHECK_LIMITS, type CheckLimits } from './rule-options.js';

/** What a quote is judged by. */
export interface CheckContext {
  readonly receivedAt: Date;
  /**
   * When the answer was made, by all of its headers, and since when a cache has kept it, by `Age` alone: a cache hands on old ones with
   * status 200. Undefined when they do not tell. See {@link checkQuote} for what they count.
   */
  readonly answeredAt?: Date | undefined;
  readonly cachedAt?: Date | undefined;
  /** Default: the usual ones. */
  readonly limits?: CheckLimits | undefined;
  /** The quote is in another currency than its ticker: minimum and maximum are held against the converted price, by {@link checkRange}. */
  readonly isToBeConverted?: boolean | undefined;
}

/** The verdict on one quote: a plain decimal to keep, or the reason why not, with a sentence. */
export type Verdict =
  | {
      readonly outcome: 'accepted';
      readonly price: string;
      /** The price is calculated and not the digits of the wire. */
      readonly isDerived: boolean;
    }
  | RejectedQuote;

/** Why a quote is not believed. */
export interface RejectedQuote {
  readonly outcome: 'rejected';
  readonly reason: RejectionReason;
  /** A sentence for people. */
  readonly detail: string;
}

/** The most of a text on the wire that a sentence repeats, in characters. */
const MAX_SHOWN = 60;

/**
 * Judges one quote by itself. Never throws: what cannot be believed is rejected with its reason. The number comes first, then its
 * time; whether it is a jump takes the other prices: see {@link judgeJumps}.
 *
 * How old it is, by the strongest evidence first. Its own time beats the `Date` of the answer, in both directions: an answer cannot be
 * older than what stands in it, so a `Date` before that is a server's clock that is wrong. `Age` counts in any case: a cache measures how
 * long it has kept an answer by one clock, and needs no right one. `Date` is all there is to a quote without a time of its own, and then
 * shows that it is old; a `Date` of the future shows nothing.
 */
export function checkQuote(quote: Quote, context: CheckContext): Verdict {
  const limits = context.limits ?? DEFAULT_CHECK_LIMITS;
  const raw = plainDecimal(quote.price);
  if (raw === undefined) return reject('not_a_decimal', `${show(quote.price)} is no decimal of at most 40 digits`);
  if (compareDecimals(raw, '0') <= 0) return reject('not_positive', `${show(quote.price)} is not above 0`);
  const parts = { raw: quote.price, isInverted: quote.inverted === true };
  const price = quotedPrice(parts);
  if (price === undefined) return reject('not_a_decimal', `${show(quote.price)} cannot be inverted`);
  const range = checkRange(price, context.isToBeConverted === true ? DEFAULT_CHECK_LIMITS : limits);
  return (
    range ??
    checkPrecision(parts, limits) ??
    checkTime(quote, context, limits) ?? { outcome: 'accepted', price, isDerived: parts.isInverted }
  );
}

/** Holds a price against the ticker's minimum and maximum. @returns the rejection; undefined when it lies within. */
export function checkRange(price: string, { minimum, maximum }: CheckLimits): RejectedQuote | undefined {
  if (compareDecimals(price, maximum) > 0) return reject('absurd', `${show(price)} is above ${maximum}`);
  if (compareDecimals(price, minimum) < 0) return reject('absurd', `${show(price)} is below ${minimum}`);
  return undefined;
}

/** Holds what a price was calculated from against the ticker's limit. @returns the rejection; undefined when enough is known. */
export function checkPrecision(parts: PriceParts, { maxUncertaintyRatio }: CheckLimits): RejectedQuote | undefined {
  const uncertainty = maxUncertaintyRatio === undefined ? undefined : uncertaintyOf(parts);
  if (maxUncertaintyRatio === undefined || uncertainty === undefined) return undefined;
  if (isFractionWithin(uncertainty, maxUncertaintyRatio)) return undefined;
  const made = [
    parts.isInverted ? 'inverted' : [],
    parts.rate === undefined ? [] : `converted at ${rateWords(parts.rate, parts.rateUncertainty)}`,
  ].flat();
  const limit = percentOfFraction({ part: maxUncertaintyRatio, whole: '1' });
  return reject(
    'imprecise',
    `${show(parts.raw)} ${made.join(' and ')} is known to ${percentOfFraction(uncertainty)} % only, at most ${limit} % is allowed: ` +
      'name a source that writes more digits, or raise max_uncertainty_ratio',
  );
}

function rateWords(rate: string, uncertainty: string | undefined): string {
  return uncertainty === undefined ? rate : `${rate}, itself known to ${uncertainty},`;
}

/** Holds the slot of a rate against the slot that it is to convert. @returns the rejection; undefined when it is young enough. */
export function checkRateAge(ageSeconds: number, { maxRateAgeSeconds }: CheckLimits): RejectedQuote | undefined {
  if (maxRateAgeSeconds === undefined || ageSeconds <= maxRateAgeSeconds) return undefined;
  return reject(
    'rate_too_old',
    `its rate is of a slot ${ageSeconds} s before, at most ${maxRateAgeSeconds} s are allowed: ` +
      'sample the rate more often, or raise max_rate_age_seconds',
  );
}

/** The price that a text on the wire comes to at a rate, or why it comes to none that a ticker with these limits can have. */
export function convertPrice(
  parts: Omit<PriceParts, 'rate' | 'rateUncertainty'>,
  rate: Rate,
  limits: CheckLimits,
): { readonly outcome: 'accepted'; readonly price: string } | RejectedQuote {
  const converted = { ...parts, rate: rate.price, rateUncertainty: rate.uncertainty };
  const price = quotedPrice(converted);
  if (price === undefined) return reject('not_a_decimal', `cannot be converted at ${rate.price}`);
  return checkRange(price, limits) ?? checkPrecision(converted, limits) ?? { outcome: 'accepted', price };
}

function checkTime(quote: Quote, context: CheckContext, limits: CheckLimits): RejectedQuote | undefined {
  const { receivedAt, cachedAt } = context;
  const hasTime = quote.sourceTime !== undefined && !Number.isNaN(quote.sourceTime.getTime());
  const answeredAt = hasTime ? cachedAt : (context.answeredAt ?? cachedAt);
  const leadSeconds = secondsBetween(receivedAt, quote.sourceTime);
  if (limits.maxLeadSeconds !== undefined && leadSeconds > limits.maxLeadSeconds) {
    return reject(
      'in_the_future',
      `its time is ${leadSeconds.toFixed(3)} s ahead, at most ${limits.maxLeadSeconds} s are allowed`,
    );
  }
  if (limits.maxAgeSeconds === undefined) return undefined;
  const [quoteAge, answerAge] = [secondsBetween(quote.sourceTime, receivedAt), secondsBetween(answeredAt, receivedAt)];
  const ageSeconds = Math.max(quoteAge, answerAge);
  if (ageSeconds <= limits.maxAgeSeconds) return undefined;
  const whose = quoteAge >= answerAge ? 'its own time' : 'the time at which the answer was made';
  return reject(
    'stale',
    `${whose} is ${ageSeconds.toFixed(3)} s before receipt, at most ${limits.maxAgeSeconds} s are allowed`,
  );
}

/** Negative infinity when one of them is not known, or no time at all. */
function secondsBetween(from: Date | undefined, to: Date | undefined): number {
  const seconds = from === undefined || to === undefined ? Number.NaN : (to.getTime() - from.getTime()) / 1000;
  return Number.isNaN(seconds) ? Number.NEGATIVE_INFINITY : seconds;
}

function reject(reason: RejectionReason, detail: string): RejectedQuote {
  return { outcome: 'rejected', reason, detail };
}

function show(text: string): string {
  return JSON.stringify(text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`);
}
