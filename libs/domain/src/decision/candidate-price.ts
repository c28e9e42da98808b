import { checkRateAge, convertPrice, type RejectedQuote } from './check.js';
import { PRICE_FLAGS } from '../flags.js';
import { judgeStill } from './frozen.js';
import { isDoubtful } from './jump.js';
import type { Reference } from './jump-verdict.js';
import { persistenceSeconds } from './persistence.js';
import { isAtPar, quotedPrice, type PriceParts, type Rate } from './quoted-price.js';
import type { CheckLimits } from './rule-options.js';
import type { SlotSample, SlotSource, SlotToDecide } from './slot-to-decide.js';

/**
 * How long after the window a sample may still wait for its rate, in seconds: a rate that is decided when its own window ends comes
 * a moment after that.
 */
export const RATE_GRACE_SECONDS = 5;

/** A source of a slot with the price that it reports, when that passes every check that looks at it alone. */
export interface CandidatePrice {
  readonly source: SlotSource;
  readonly price: string | undefined;
  /** What converts it, or would. */
  readonly rate: Rate | undefined;
  /** It has just been converted, and the outcome of that is not accepted, or its source is frozen. */
  readonly rejection?: RejectedQuote | undefined;
  /** Whether its source reports the same for long while nobody else reports; undefined: not looked at. */
  readonly isLonely?: boolean | undefined;
  /** It waits for the rate that converts it. */
  readonly isWaiting: boolean;
}

/** What a price of a slot is made by. */
export interface CandidateContext {
  readonly slot: number;
  readonly deadline: number;
  readonly limits: CheckLimits;
  readonly nowSeconds: number;
}

/**
 * What a source reports: its price as it was accepted, as it would be but for the jump, or as a rate that has come makes it; none when
 * it is frozen.
 */
export function candidatePriceOf(source: SlotSource, context: CandidateContext): CandidatePrice {
  const candidate = reportedBy(source, context);
  const { still, sample } = source;
  const { slot, limits } = context;
  if (candidate.price === undefined || still === undefined || sample?.raw === undefined) return candidate;
  if (limits.frozenAfterSeconds === undefined) return candidate;
  const stillness = judgeStill({ slot, raw: sample.raw, price: candidate.price }, still, limits);
  if (stillness.state !== 'frozen') return { ...candidate, isLonely: stillness.state === 'lonely' };
  const rejection = { outcome: 'rejected', reason: 'frozen', detail: stillness.detail } as const;
  return { ...candidate, price: undefined, rejection };
}

function reportedBy(source: SlotSource, { slot, deadline, limits, nowSeconds }: CandidateContext): CandidatePrice {
  const { sample } = source;
  const rate = sample?.rate;
  if (sample?.outcome === 'accepted') return { source, price: sample.price, rate, isWaiting: false };
  if (sample?.outcome !== 'rejected') return { source, price: undefined, rate, isWaiting: false };
  if (sample.reason === 'jump') return { source, price: jumpedTo(sample), rate, isWaiting: false };
  if (sample.reason !== 'no_conversion_rate') return { source, price: undefined, rate, isWaiting: false };
  if (sample.rateFound === undefined) {
    const until = Math.min(sample.rateDeadline ?? 0, deadline) + RATE_GRACE_SECONDS;
    return { source, price: undefined, rate, isWaiting: nowSeconds < until };
  }
  const rateFound = sample.rateFound;
  const converted =
    checkRateAge(slot - (sample.rateSlot ?? slot), limits) ??
    (sample.raw === undefined ? undefined : convertPrice({ ...sample, raw: sample.raw }, rateFound, limits));
  return converted?.outcome === 'rejected'
    ? { source, price: undefined, rate: rateFound, rejection: converted, isWaiting: false }
    : { source, price: converted?.price, rate: rateFound, isWaiting: false };
}

function jumpedTo(sample: SlotSample): string | undefined {
  const parts = partsOfSample(sample, sample.rate);
  return parts && quotedPrice(parts);
}

/** What the price of a source comes from; undefined when it was not read from a text. */
export function partsOfCandidate({ source: { sample }, rate }: CandidatePrice): PriceParts | undefined {
  return sample && partsOfSample(sample, rate);
}

function partsOfSample({ raw, isInverted, flags }: SlotSample, rate: Rate | undefined): PriceParts | undefined {
  const ofRate = { rate: rate?.price, rateUncertainty: rate?.uncertainty };
  return raw === undefined ? undefined : { raw, isInverted, ...ofRate, isAtPar: isAtPar(flags) };
}

/**
 * What the prices of a slot are held against: the last price, when it is young enough and its own slot does not contradict it. It is
 * remembered for as long as a source that reports in the slot needs to persist, however seldom that is asked: a jump would be news
 * in the second slot otherwise, and not flagged.
 */
export function referenceOf({ slot, last, sources }: SlotToDecide, limits: CheckLimits): Reference | undefined {
  const longest = Math.max(0, ...sources.map(({ intervalSeconds }) => intervalSeconds));
  const memorySeconds = Math.max(limits.jumpMemorySeconds, persistenceSeconds(longest));
  if (last === undefined || slot - last.slot > memorySeconds) return undefined;
  if (isDoubtful(last.price, last.reported, limits)) return undefined;
  return { slot: last.slot, price: last.price, isUnconfirmed: (last.flags & PRICE_FLAGS.unconfirmed) !== 0 };
}
