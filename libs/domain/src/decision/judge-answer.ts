import { checkQuote, checkRange } from './check.js';
import { plainDecimal } from '../decimal.js';
import { flagBits, type PriceFlag } from '../flags.js';
import type { Quote } from '../quote.js';
import { isStablecoinToDollar, quotedPrice, rateTickerOf } from './quoted-price.js';
import type { Outcome, RejectionReason, SampleReason } from '../reason.js';
import { checkLimitsOf, type RuleOptions } from './rule-options.js';

/** How answers are judged. */
export interface JudgeOptions {
  /** ASSUME_STABLECOINS_AT_PAR: a dollar of Tether or Circle is taken for a dollar, and the price is marked. */
  readonly stablecoinsAtPar: boolean;
}

/** The part of an answer that its samples are made of. */
export interface JudgedAnswer {
  /** Of each ticker a quote, or why it cannot be read. */
  readonly readings: readonly (
    Quote | { readonly ticker: string; readonly rejected: RejectionReason; readonly detail: string }
  )[];
  readonly requestedAt: Date;
  readonly receivedAt: Date;
  /** When the answer was made, as far as its headers tell. */
  readonly answeredAt?: Date | undefined;
}

/** A ticker that was asked for. */
export interface JudgedMember {
  readonly tickerId: number;
  readonly ticker: string;
  /** The currency that the ticker is priced in. */
  readonly quote: string;
  /** UNIX second at which its window ends. */
  readonly deadline: number;
  /** The currency that the source quotes in, when that is another. */
  readonly quotedIn?: string | null | undefined;
  readonly ruleOptions?: RuleOptions | undefined;
}

/** What an answer says of one ticker, judged by itself. */
export interface JudgedSample {
  readonly tickerId: number;
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
  readonly rateTicker?: string | undefined;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags?: number | undefined;
  readonly marketCap?: string | undefined;
  readonly volume24h?: string | undefined;
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
    const reading = readings.get(member.ticker);
    if (reading === undefined) return { tickerId, outcome: 'failed', reason: 'absent' };
    if ('rejected' in reading)
      return { tickerId, outcome: 'rejected', reason: reading.rejected, detail: reading.detail };
    return judgeQuote(member, reading, answer, options);
  });
}

/** Each ticker of a batch has a window of its own, which follows from its interval. */
function isInWindow(member: JudgedMember, slot: number, { requestedAt, receivedAt }: JudgedAnswer): boolean {
  return requestedAt.getTime() >= slot * 1000 && receivedAt.getTime() < member.deadline * 1000;
}

function judgeQuote(member: JudgedMember, quote: Quote, answer: JudgedAnswer, options: JudgeOptions): JudgedSample {
  const { receivedAt, answeredAt } = answer;
  const quotedIn = member.quotedIn ?? undefined;
  const limits = checkLimitsOf(member.ruleOptions ?? {});
  const flags: PriceFlag[] = quote.mapped === undefined ? [] : ['mapped'];
  const kept = {
    tickerId: member.tickerId,
    raw: quote.price,
    isInverted: quote.inverted === true,
    sourceTime: quote.sourceTime,
    marketCap: plainDecimal(quote.marketCap ?? ''),
    volume24h: plainDecimal(quote.volume24h ?? ''),
  };
  const verdict = checkQuote(quote, { receivedAt, answeredAt, limits, isToBeConverted: quotedIn !== undefined });
  if (verdict.outcome === 'rejected') return { ...kept, ...verdict, flags: flagBits(flags) };
  if (verdict.isDerived) flags.push('derived');
  if (quotedIn === undefined) return { ...kept, outcome: 'accepted', price: verdict.price, flags: flagBits(flags) };

  const rateTicker = rateTickerOf(quotedIn, member.quote);
  if (!options.stablecoinsAtPar || !isStablecoinToDollar(quotedIn, member.quote)) {
    // The store looks the rate up under the lock of the slot, and waits for it when it is not there yet.
    const detail = `quoted in ${quotedIn}, and ${rateTicker} has no price in this slot`;
    const flag = flagBits([...flags, 'derived']);
    return { ...kept, outcome: 'rejected', reason: 'no_conversion_rate', detail, rateTicker, flags: flag };
  }
  const atPar = { ...kept, rate: '1', rateTicker, flags: flagBits([...flags, 'derived', 'at_par']) };
  const price = quotedPrice({ raw: kept.raw, isInverted: kept.isInverted, rate: '1' });
  if (price === undefined)
    return { ...atPar, outcome: 'rejected', reason: 'not_a_decimal', detail: 'cannot be converted' };
  const range = checkRange(price, limits);
  return range === undefined ? { ...atPar, outcome: 'accepted', price } : { ...atPar, ...range };
}
