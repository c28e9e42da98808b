/** Limits of the checks of one ticker, as a schedule stores them: what is left out is as usual, null switches the check off. */
export interface StoredChecks {
  readonly max_age_seconds?: number | null | undefined;
  readonly max_lead_seconds?: number | null | undefined;
  readonly minimum?: string | undefined;
  readonly maximum?: string | undefined;
  readonly jump_ratio?: number | null | undefined;
  readonly jump_memory_seconds?: number | undefined;
  readonly agreement_ratio?: number | undefined;
  readonly max_uncertainty_ratio?: number | null | undefined;
  readonly max_rate_age_seconds?: number | null | undefined;
  readonly frozen_after_seconds?: number | null | undefined;
}

/** Limits of rule `median`, as a schedule stores them. */
export interface StoredMedian {
  readonly minimum_sources?: number | undefined;
  readonly maximum_spread?: number | undefined;
  readonly outlier_factor?: number | undefined;
  readonly outlier_floor?: number | undefined;
}

/** What a schedule says about believing its prices, as it is stored: JSON with the names of the catalogue. */
export interface RuleOptions {
  readonly checks?: StoredChecks | undefined;
  readonly median?: StoredMedian | undefined;
}

/** Limits of the checks, complete. Ratios are decimal texts; undefined: the check is switched off. */
export interface CheckLimits {
  /** A price whose own time, or that of its answer, is older than this is `stale`. */
  readonly maxAgeSeconds: number | undefined;
  /** A price whose own time is further ahead than this is `in_the_future`. */
  readonly maxLeadSeconds: number | undefined;
  /** Below this, or above the maximum, a price is `absurd`. */
  readonly minimum: string;
  readonly maximum: string;
  /** A price further than this from the last one is a `jump`, unless it is confirmed. */
  readonly jumpRatio: string | undefined;
  /** A price older than this is no last price any more, nor one older than `persistenceSeconds` where those are more. */
  readonly jumpMemorySeconds: number;
  /** Two sources agree when their prices lie no further apart than this. */
  readonly agreementRatio: string;
  /** A price that was inverted or converted and is known less well than this, in parts of it, is `imprecise`. */
  readonly maxUncertaintyRatio: string | undefined;
  /** A rate whose slot began longer ago than this, counted from the slot that it converts, makes `rate_too_old`. */
  readonly maxRateAgeSeconds: number | undefined;
  /** A source that reports the same digits for longer, and for {@link INTERVALS_TO_BE_FROZEN}, while others move is `frozen`. */
  readonly frozenAfterSeconds: number | undefined;
}

/** The longest time after which a source may be called frozen, in seconds: a week. */
export const MAX_FROZEN_AFTER_SECONDS = 604_800;

/** In so many of its intervals a source has to report the same digits before it is called frozen. */
export const INTERVALS_TO_BE_FROZEN = 10;

/**
 * The limits where a ticker names none of its own.
 * - age 600 s: CoinPaprika's free plan makes a new price every 5 minutes, and the cache before it hands on answers of up to 10
 *   minutes; a tighter limit would reject an honest source all day, a wider one would believe a feed that has stopped.
 * - lead 60 s: a source's clock may run ahead of ours by that much before its time is called the future.
 * - minimum 1e-18, maximum 1e12: the smallest listed tokens stand near 1e-13 USD, nothing that is traded costs 1e12 of anything.
 * - jump 0.1: the largest assets move less than 10 % between two slots of minutes, and who does is confirmed within the slot.
 * - memory 3600 s: after an hour without a price, any price is news and no jump; where slots lie far apart, after longer.
 * - agreement 0.02: exchanges lie some 0.1 % apart, in a rout 1 %; a source that is wrong by chance does not come so near.
 * - uncertainty 0.001: a calculated price that is off by more would stand out among exchanges, which lie some 0.1 % apart.
 * - age of a rate 3600 s: in an hour a stablecoin, or money, hardly moves; in a day it does.
 * - frozen 900 s: a pair that is traded at all has another last digit by then; the slowest free feed makes a price every 5 minutes.
 */
export const DEFAULT_CHECK_LIMITS: CheckLimits = {
  maxAgeSeconds: 600,
  maxLeadSeconds: 60,
  minimum: '0.000000000000000001',
  maximum: '1000000000000',
  jumpRatio: '0.1',
  jumpMemorySeconds: 3600,
  agreementRatio: '0.02',
  maxUncertaintyRatio: '0.001',
  maxRateAgeSeconds: 3600,
  frozenAfterSeconds: 900,
};

/** Limits of rule `median`, complete. Ratios and factors are decimal texts. */
export interface MedianLimits {
  /** With fewer sources than this there is no price. */
  readonly minimumSources: number;
  /** With a larger distance between the lowest and the highest, in parts of the price, there is no price. */
  readonly maximumSpread: string;
  /** A source further from the median than so many median absolute deviations is left out... */
  readonly outlierFactor: string;
  /** ...unless it is nearer than this part of the median. */
  readonly outlierFloor: string;
}

/**
 * The limits of rule `median` where a ticker names none of its own.
 * - two sources: one cannot be contradicted.
 * - spread 0.02: further apart, no price between them is anybody's.
 * - factor 5: about 3.4 standard deviations of a normal distribution, in which one is 1.4826 median absolute deviations.
 * - floor 0.002: three equal prices have a deviation of 0, and a fourth a hair off is still no outlier.
 */
export const DEFAULT_MEDIAN_LIMITS: MedianLimits = {
  minimumSources: 2,
  maximumSpread: '0.02',
  outlierFactor: '5',
  outlierFloor: '0.002',
};

/** The longest memory of a last price, in seconds: a week. */
export const MAX_JUMP_MEMORY_SECONDS = 604_800;

/** What is meant to be worth a dollar, the dollar among them. */
const DOLLARS: readonly string[] = ['usd', 'usdt', 'usdc', 'dai'];

/** Whether a pair is meant to keep its price, so that nobody is frozen who reports the same: a dollar in another one. */
export function isPegged(base: string, quote: string): boolean {
  return DOLLARS.includes(base) && DOLLARS.includes(quote);
}

/**
 * The limits of a ticker's checks: its own, and the usual ones where it has none.
 * @param pegged whether it {@link isPegged}: nobody is frozen then unless its checks say so.
 */
export function checkLimitsOf({ checks = {} }: RuleOptions, pegged = false): CheckLimits {
  const usual = DEFAULT_CHECK_LIMITS;
  const usualFrozen = pegged ? null : usual.frozenAfterSeconds;
  const { max_age_seconds: maxAge, max_lead_seconds: maxLead, jump_ratio: jumpRatio } = checks;
  const { max_uncertainty_ratio: maxUncertainty, max_rate_age_seconds: maxRateAge } = checks;
  return {
    maxAgeSeconds: maxAge === undefined ? usual.maxAgeSeconds : (maxAge ?? undefined),
    maxLeadSeconds: maxLead === undefined ? usual.maxLeadSeconds : (maxLead ?? undefined),
    minimum: checks.minimum ?? usual.minimum,
    maximum: checks.maximum ?? usual.maximum,
    jumpRatio: ratioOr(jumpRatio, usual.jumpRatio),
    jumpMemorySeconds: checks.jump_memory_seconds ?? usual.jumpMemorySeconds,
    agreementRatio: String(checks.agreement_ratio ?? usual.agreementRatio),
    maxUncertaintyRatio: ratioOr(maxUncertainty, usual.maxUncertaintyRatio),
    maxRateAgeSeconds: maxRateAge === undefined ? usual.maxRateAgeSeconds : (maxRateAge ?? undefined),
    frozenAfterSeconds:
      (checks.frozen_after_seconds === undefined ? usualFrozen : checks.frozen_after_seconds) ?? undefined,
  };
}

function ratioOr(own: number | null | undefined, usual: string | undefined): string | undefined {
  return own === undefined ? usual : own === null ? undefined : String(own);
}

/** The limits of a ticker's median: its own, and the usual ones where it has none. */
export function medianLimitsOf({ median = {} }: RuleOptions): MedianLimits {
  const usual = DEFAULT_MEDIAN_LIMITS;
  return {
    minimumSources: median.minimum_sources ?? usual.minimumSources,
    maximumSpread: String(median.maximum_spread ?? usual.maximumSpread),
    outlierFactor: String(median.outlier_factor ?? usual.outlierFactor),
    outlierFloor: String(median.outlier_floor ?? usual.outlierFloor),
  };
}
