import { checkQuote, convertPrice } from './check.js';
import { plainDecimal } from '../decimal.js';
import { flagBits, type PriceFlag } from '../flags.js';
import type { Quote } from '../quote.js';
import { isAtPar, isStablecoinToDollar, rateTickerOf, type Rate } from './quoted-price.js';
import type { Outcome, RejectionReason, SampleReason } from '../reason.js';
import { checkLimitsOf, DEFAULT_CHECK_LIMITS, type RuleOptions } from './rule-options.js';

/** How answers are judged. */
export interface JudgeOptions {
  /** ASSUME_STABLECOINS_AT_PAR: a dollar of Tether or Circle is taken for a dollar, and the price is marked. */
  readonly stablecoinsAtPar: boolean;
}

/** What an answer says of one ticker: a quote, or why it cannot be read. */
export type Reading = Quote | { readonly ticker: string; readonly rejected: RejectionReason; readonly detail: string };

/** When an answer came. */
export interface AnswerTimes {
  readonly receivedAt: Date;
  /** When the answer was made, as far as its headers say. */
  readonly answeredAt?: Date | undefined;
  /** Since when a cache has kept it, as far as `Age` says. */
  readonly cachedAt?: Date | undefined;
}

/** The part of an answer that its samples are made of. */
export interface JudgedAnswer extends AnswerTimes {
  readonly readings: readonly Reading[];
  readonly requestedAt: Date;
}

/** What judging a reading needs to know of its ticker. */
export interface JudgedTicker {
  /** The currency that the ticker is priced in. */
  readonly quote: string;
  /** The currency that the source quotes in, when that is another. */
  readonly quotedIn?: string | null | undefined;
  readonly ruleOptions?: RuleOptions | undefined;
}

/** A ticker that was asked for. */
export interface JudgedMember extends JudgedTicker {
  readonly tickerId: number;
  readonly ticker: string;
  /** UNIX second at which its window ends. */
  readonly deadline: number;
}

/** A reading, judged by itself. */
export interface JudgedReading {
  readonly outcome: Outcome;
  readonly reason?: SampleReason | undefined;
  readonly detail?: string | undefined;
  /** Defined exactly when accepted. */
  readonly price?: string | undefined;
  /** The price's text on the wire, when there was one. */
  readonly raw?: string | undefined;
  readonly isInverted?: boolean | undefined;
  readonly sourceTime?: Date | undefined;
  readonly rate?: string | undefined;
  /** How far the true rate may lie from it; undefined: half a unit of its last digit. */
  readonly rateUncertainty?: string | undefined;
  readonly rateTicker?: string | undefined;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags?: number | undefined;
  readonly marketCap?: string | undefined;
  readonly volume24h?: string | undefined;
}

/** What an answer says of one ticker, judged by itself. */
export interface JudgedSample extends JudgedReading {
  readonly tickerId: number;
}

/** What an answer says of every ticker that was asked for: one sample each, by the checks that look at one quote alone. */
export function judgeAnswer(
  members: readonly JudgedMember[],
  slot: number,
  answer: JudgedAnswer,
  options: JudgeOptions,
): JudgedSample[] {
  const readings = new Map(answer.readings.map((reading) => [reading.ticker, reading]));
  return members.map((member) => {
    const { tickerId } = member;
    if (!isInWindow(member, slot, answer)) return { tickerId, outcome: 'missed', reason: 'late' };
    return { tickerId, ...judgeReading(member, readings.get(member.ticker), answer, options) };
  });
}

/** Each ticker of a batch has a window of its own, which follows from its interval. */
function isInWindow(member: JudgedMember, slot: number, { requestedAt, receivedAt }: JudgedAnswer): boolean {
  return requestedAt.getTime() >= slot * 1000 && receivedAt.getTime() < member.deadline * 1000;
}

/**
 * Judges what an answer says of one ticker, by the checks that look at it alone. A quote in another currency comes out as
 * `no_conversion_rate` with the ticker of its rate, to be converted by {@link convertReading}; but for one that is taken at par.
 * @param reading undefined when the answer leaves the ticker out.
 */
export function judgeReading(
  { quote, quotedIn: other, ruleOptions }: JudgedTicker,
  reading: Reading | undefined,
  { receivedAt, answeredAt, cachedAt }: AnswerTimes,
  options: JudgeOptions,
): JudgedReading {
  if (reading === undefined) return { outcome: 'failed', reason: 'absent' };
  if ('rejected' in reading) return { outcome: 'rejected', reason: reading.rejected, detail: reading.detail };
  const quotedIn = other ?? undefined;
  const limits = checkLimitsOf(ruleOptions ?? {});
  const flags: PriceFlag[] = reading.mapped === undefined ? [] : ['mapped'];
  const kept = {
    raw: reading.price,
    isInverted: reading.inverted === true,
    sourceTime: reading.sourceTime,
    marketCap: plainDecimal(reading.marketCap ?? ''),
    volume24h: plainDecimal(reading.volume24h ?? ''),
  };
  const verdict = checkQuote(reading, {
    ...{ receivedAt, answeredAt, cachedAt, limits },
    isToBeConverted: quotedIn !== undefined,
  });
  if (verdict.outcome === 'rejected') return { ...kept, ...verdict, flags: flagBits(flags) };
  if (verdict.isDerived) flags.push('derived');
  if (quotedIn === undefined) return { ...kept, outcome: 'accepted', price: verdict.price, flags: flagBits(flags) };

  const rateTicker = rateTickerOf(quotedIn, quote);
  const isTakenAtPar = options.stablecoinsAtPar && isStablecoinToDollar(quotedIn, quote);
  const waiting: JudgedReading = {
    ...kept,
    ...{ outcome: 'rejected', reason: 'no_conversion_rate', rateTicker },
    // The store looks the rate up under the lock of the slot, and waits for it when it is not there yet.
    detail: `quoted in ${quotedIn}, and ${rateTicker} has no price in this slot`,
    flags: flagBits([...flags, 'derived', ...(isTakenAtPar ? (['at_par'] as const) : [])]),
  };
  return isTakenAtPar ? convertReading(waiting, { price: '1' }, limits) : waiting;
}

/** Converts a reading that came out as `no_conversion_rate`, and holds what it comes to against the range of its ticker. */
export function convertReading(reading: JudgedReading, rate: Rate, limits = DEFAULT_CHECK_LIMITS): JudgedReading {
  const { raw = '', isInverted = false, flags = 0 } = reading;
  const ofRate = { rate: rate.price, rateUncertainty: rate.uncertainty };
  const kept = { ...reading, ...ofRate, reason: undefined, detail: undefined };
  return { ...kept, ...convertPrice({ raw, isInverted, isAtPar: isAtPar(flags) }, rate, limits) };
}
