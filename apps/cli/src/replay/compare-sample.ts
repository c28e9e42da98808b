import {
  checkLimitsOf,
  checkRateAge,
  compareDecimals,
  convertPrice,
  DECISION_FLAGS,
  flagNames,
  type JudgedSample,
  type Rate,
  type RuleOptions,
} from '@app/domain';
import type { StoredSample } from '@app/storage';

/** How a sample would stand today, in words. */
export interface SampleDifference {
  readonly stored: string;
  readonly now: string;
}

/** Reasons that follow from what else is stored, and not from the answer. */
const DECISION_REASONS: readonly string[] = ['jump', 'frozen'];

/** What converts a sample today, and what it is held against. */
export interface ConversionNow {
  /** The price of its rate; null when there is none, or no need of one. */
  readonly rateNow: string | null;
  /** How far the true price may lie from it; null: half a unit of its last digit. */
  readonly rateUncertaintyNow?: string | null | undefined;
  /** How long before its slot that of the rate began. */
  readonly rateAgeSeconds?: number | null | undefined;
  readonly ruleOptions?: RuleOptions | null | undefined;
}

/**
 * Holds a stored sample against what today's parser and checks make of the same answer. What only the other prices tell, whether it is
 * a jump, frozen or unconfirmed, is no difference by itself: it is judged again when the sample is corrected for another one.
 * A price that a build before the end of 2026 calculated to 18 digits differs from what is known of it.
 * @returns undefined when there is no difference.
 */
export function compareSample(
  stored: StoredSample,
  judged: JudgedSample,
  conversion: ConversionNow,
): SampleDifference | undefined {
  const isConverted = judged.reason === 'no_conversion_rate' && judged.rateTicker !== undefined;
  const rate = isConverted ? rateOf(conversion) : judged.rate === undefined ? undefined : { price: judged.rate };
  const now = isConverted && rate !== undefined ? converted(judged, rate, conversion) : judged;
  const changed = changedParts(stored, judged);
  const isSame = changed.length === 0 && isSameVerdict(stored, now, isConverted, rate);
  if (isSame) return undefined;
  const [before, after] = [describeStored(stored), describe(now)];
  const parts = before === after ? [...changed, ...changedRate(stored, rate)] : [];
  return { stored: before, now: parts.length > 0 ? `${after} (${parts.join(', ')})` : after };
}

function rateOf({ rateNow, rateUncertaintyNow }: ConversionNow): Rate | undefined {
  return rateNow === null ? undefined : { price: rateNow, uncertainty: rateUncertaintyNow ?? undefined };
}

function converted(judged: JudgedSample, rate: Rate, { rateAgeSeconds, ruleOptions }: ConversionNow): JudgedSample {
  const limits = checkLimitsOf(ruleOptions ?? {});
  const parts = { raw: judged.raw ?? '', isInverted: judged.isInverted === true };
  const verdict = checkRateAge(rateAgeSeconds ?? 0, limits) ?? convertPrice(parts, rate, limits);
  return { ...judged, reason: undefined, detail: undefined, ...verdict, rate: rate.price };
}

function isSameVerdict(stored: StoredSample, now: JudgedSample, isConverted: boolean, rate: Rate | undefined): boolean {
  // Its rate has no price any more: what it was converted with stands.
  if (isConverted && rate === undefined && stored.rate !== null) return true;
  if (now.outcome !== 'accepted') return stored.outcome === now.outcome && stored.reason === (now.reason ?? null);
  if (!isSameNumber(stored.rate, rate?.price ?? null)) return false;
  if (!isSameNumber(stored.rateUncertainty, rate?.uncertainty ?? null)) return false;
  if (stored.outcome === 'accepted') return isSameNumber(stored.price, now.price ?? null);
  return DECISION_REASONS.includes(stored.reason ?? '');
}

/** What was read otherwise, each part in words. */
function changedParts(stored: StoredSample, judged: JudgedSample): string[] {
  const parts: [name: string, before: string | null, after: string | null, isSame: boolean][] = [
    part('raw', stored.raw, judged.raw?.replaceAll('\0', '\uFFFD') ?? null),
    part('inverted', String(stored.inverted), String(judged.isInverted ?? false)),
    part('source time', stored.sourceTime?.toISOString() ?? null, judged.sourceTime?.toISOString() ?? null),
    part('flags', flagsOf(stored.flags & ~DECISION_FLAGS), flagsOf(judged.flags ?? 0)),
    part('rate of', stored.rateTicker, judged.rateTicker ?? null),
    numberPart('market cap', stored.marketCap, judged.marketCap ?? null),
    numberPart('volume', stored.volume24h, judged.volume24h ?? null),
  ];
  return parts.flatMap(([name, before, after, isSame]) => (isSame ? [] : [`${name} ${before} -> ${after}`]));
}

function changedRate({ rate, rateUncertainty }: StoredSample, now: Rate | undefined): string[] {
  const [before, after] = [rateWords(rate, rateUncertainty), rateWords(now?.price ?? null, now?.uncertainty ?? null)];
  return before === after ? [] : [`rate ${before} -> ${after}`];
}

function rateWords(rate: string | null, uncertainty: string | null): string {
  return `${rate ?? 'none'}${uncertainty === null ? '' : ` known to ${uncertainty}`}`;
}

function part(
  name: string,
  before: string | null,
  after: string | null,
): [string, string | null, string | null, boolean] {
  return [name, before, after, before === after];
}

function numberPart(
  name: string,
  before: string | null,
  after: string | null,
): [string, string | null, string | null, boolean] {
  return [name, before, after, isSameNumber(before, after)];
}

/** Postgres leaves out what a text may have in front, a plus or a zero. */
function isSameNumber(left: string | null, right: string | null): boolean {
  if (left === null || right === null) return left === right;
  return left === right || compareDecimals(left, right) === 0;
}

function describeStored({ outcome, reason, price }: StoredSample): string {
  return outcome === 'accepted' ? `accepted ${price}` : `${outcome} ${reason}`;
}

function describe({ outcome, reason, detail, price }: JudgedSample): string {
  if (outcome === 'accepted') return `accepted ${price}`;
  return detail === undefined ? `${outcome} ${reason}` : `${outcome} ${reason}: ${detail}`;
}

function flagsOf(bits: number): string {
  return flagNames(bits).join('+') || 'none';
}
