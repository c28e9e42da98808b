import {
  checkLimitsOf,
  checkPrecision,
  checkRateAge,
  compareDecimals,
  distanceToTruePrice,
  flagNames,
  formerQuotedPrice,
  isAtPar,
  isStablecoinToDollar,
  partsOf,
  PRICE_FLAGS,
  quotedPrice,
  type Outcome,
  type PriceParts,
  type RuleOptions,
  type SampleReason,
} from '@app/domain';
import { CALCULATED_SQL } from './calculated-samples.sql.js';
import { addFault, type Example, type Fault, type ProblemList, type Snapshot } from './finding.js';
import type { SlotWindow } from './slot-windows.js';

/** How many samples were recomputed. */
export interface CalculatedCounts {
  readonly calculated: number;
  /** Of these, the ones that were calculated by a rule of before when that held: to 18 digits, or as if the rate were known to its last. */
  readonly former: number;
  /** Samples of today that are so: nothing tells whether a build of before was still running. */
  readonly doubtful: number;
  readonly firstDoubtful: Example | undefined;
}

/** A sample whose price is not the text on the wire, or should not be. */
interface CalculatedRow {
  readonly ticker: string;
  readonly quote: string;
  readonly slot: number;
  readonly source: string;
  readonly outcome: Outcome;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly rate_ticker: string | null;
  readonly flags: number;
  readonly quoted_in: string | null;
  /** The checks that held for its slot. */
  readonly ruleOptions: RuleOptions | null;
  /** It was stored when a build of before may have been running. */
  readonly isFormer: boolean;
  /** How long before its slot that of the rate began; null without a rate. */
  readonly rateAgeSeconds: number | null;
  /** The price of the rate ticker in that slot, and what it was before corrections. */
  readonly rates: readonly KnownRate[] | null;
  /** It is the price of its slot, */
  readonly isServed: boolean;
  /** and what is kept there of how well it is known. */
  readonly servedUncertainty: string | null;
}

/** A price that may have converted the sample. */
interface KnownRate {
  readonly price: string;
  readonly uncertainty: string | null;
  /** It has the digits of the wire: half a unit of the last is all that is not known. */
  readonly isRead: boolean;
}

/** By which rule a price was calculated. */
type CalculatedBy = 'today' | 'before' | 'neither';

/** Recomputes every price that was inverted or converted from its text on the wire and the rate of its slot, and every refusal of one. */
export async function checkCalculatedSamples(
  snapshot: Snapshot,
  window: SlotWindow,
  problems: ProblemList,
): Promise<CalculatedCounts> {
  const { rows } = await snapshot.query<CalculatedRow>(CALCULATED_SQL, [window.fromSlot, window.toSlot]);
  const accepted = rows.filter(({ outcome }) => outcome === 'accepted');
  const ofFormer = accepted.filter((row) => ruleOf(row) === 'before');
  const doubtful = ofFormer.filter(({ isFormer }) => !isFormer);
  for (const row of rows)
    addFault(problems, row, row.outcome === 'accepted' ? faultOfSample(row) : faultOfRejection(row));
  return {
    calculated: accepted.length,
    former: ofFormer.length - doubtful.length,
    doubtful: doubtful.length,
    firstDoubtful: doubtful[0] && exampleOf(doubtful[0]),
  };
}

function partsOfRow({ raw, ...kept }: CalculatedRow): PriceParts | undefined {
  return raw === null ? undefined : partsOf({ raw, ...kept });
}

function ruleOf(row: CalculatedRow): CalculatedBy {
  const parts = partsOfRow(row);
  if (parts === undefined) return 'neither';
  const isOfToday = quotedPrice(parts) === row.price;
  if (isOfToday && hasKnownRate(row) && isServedAsKnown(row, parts)) return 'today';
  const before = [quotedPrice({ ...parts, rateUncertainty: undefined }), formerQuotedPrice(parts)];
  return isOfToday || before.includes(row.price ?? '') ? 'before' : 'neither';
}

/** Builds of before kept nothing of how well a rate was known, and took it to be known to its last digit. */
function hasKnownRate({ rate, rateUncertainty, rates, flags }: CalculatedRow): boolean {
  if (rate === null || isAtPar(flags)) return true;
  const ofRate = (rates ?? []).filter(({ price }) => compareDecimals(price, rate) === 0);
  return ofRate.length === 0 || ofRate.some(({ uncertainty, isRead }) => isRead || uncertainty === rateUncertainty);
}

function isServedAsKnown({ isServed, price, servedUncertainty }: CalculatedRow, parts: PriceParts): boolean {
  return !isServed || price === null || servedUncertainty === (distanceToTruePrice(price, parts) ?? null);
}

function exampleOf(row: CalculatedRow): Example {
  const { ticker, slot, source, price, rate, rateUncertainty, rates } = row;
  const parts = partsOfRow(row);
  const known = parts === undefined ? undefined : quotedPrice(parts);
  const example = (detail: string): Example => ({ ticker, slot, detail: `${source}: ${detail}` });
  if (known !== price) return example(`price ${price}, and known is ${known ?? 'none'}`);
  if (!hasKnownRate(row))
    return example(`rate ${rate}, known to ${rateUncertainty ?? 'its last digit'}, that was ${wordsOf(rates)}`);
  return example(`price ${price}, and nothing says how well it is known`);
}

function faultOfSample(row: CalculatedRow): Fault | undefined {
  const { source, price, raw, rate, flags, inverted } = row;
  const fault = (problem: string, detail: string): Fault => ({ problem, detail: `${source}: ${detail}` });
  if (row.quoted_in !== null && rate === null)
    return fault('sample that was not converted', `price ${price} is in ${row.quoted_in}, and no rate is kept with it`);
  if ((flags & PRICE_FLAGS.derived) === 0)
    return fault('calculated sample that is not marked', `flags are ${flagNames(flags).join(', ') || 'none'}`);
  const rateFault = faultOfRate(row);
  if (rateFault !== undefined) return rateFault;
  const parts = partsOfRow(row);
  if (ruleOf(row) === 'neither')
    return fault(
      'sample that differs from its text on the wire',
      `price ${price}, on the wire ${raw}${inverted ? ', inverted' : ''}${rate === null ? '' : `, rate ${rate}`}: ${(parts && quotedPrice(parts)) ?? 'no price'}`,
    );
  const { isServed, servedUncertainty: served } = row;
  if (parts !== undefined && isServed && served !== null && !isServedAsKnown(row, parts))
    return fault(
      'price that is not known as well as it says',
      `price ${price}, known to ${served}, its sample gives ${distanceToTruePrice(price ?? '', parts) ?? 'its last digit'}`,
    );
  return row.isFormer ? undefined : faultOfLimits(row);
}

function faultOfRate(row: CalculatedRow): Fault | undefined {
  const { source, rate, rateUncertainty, rate_ticker: rateTicker, flags, rates } = row;
  if (rate === null) return undefined;
  const isPar = isAtPar(flags);
  const isKnown = (rates ?? []).some(
    ({ price, uncertainty, isRead }) =>
      compareDecimals(price, rate) === 0 &&
      // A build of before that replays on this schema loses or leaves what it does not know: that is not proven, and no fault.
      (rateUncertainty === null ||
        (!isRead && (uncertainty === null || rateUncertainty === uncertainty)) ||
        row.isFormer),
  );
  if (isPar ? isParOf(row) : isKnown) return undefined;
  const used = rateUncertainty === null ? rate : `${rate}, known to ${rateUncertainty}`;
  return {
    problem: 'sample converted at a rate that was no price',
    detail: `${source}: rate ${used}, ${rateTicker} ${isPar ? 'is no stablecoin to a dollar at 1' : `was ${wordsOf(rates)}`}`,
  };
}

function wordsOf(rates: readonly KnownRate[] | null): string {
  const words = (rates ?? []).map(({ price, uncertainty, isRead }) =>
    uncertainty === null || isRead ? price : `${price}, known to ${uncertainty}`,
  );
  return words.join(', ') || 'nothing';
}

/** An accepted sample passes the checks that look at what it was calculated from. */
function faultOfLimits(row: CalculatedRow): Fault | undefined {
  const rejection = rejectionOf(row);
  if (rejection === undefined) return undefined;
  return { problem: `accepted sample that is ${rejection.reason}`, detail: `${row.source}: ${rejection.detail}` };
}

/** A sample that was rejected for what it would have been calculated from does not pass them. */
function faultOfRejection(row: CalculatedRow): Fault | undefined {
  const rejection = rejectionOf(row);
  if (rejection?.reason === row.reason) return faultOfRate(row);
  const { source, raw, rate, rateAgeSeconds } = row;
  const made = `${raw}${rate === null ? '' : ` at ${rate} of ${rateAgeSeconds ?? '?'} s before`}`;
  return { problem: `sample that is not ${row.reason}, and was rejected so`, detail: `${source}: ${made}` };
}

function rejectionOf(row: CalculatedRow) {
  const limits = checkLimitsOf(row.ruleOptions ?? {});
  const { rate, flags, rateAgeSeconds } = row;
  const isMeasured = rate !== null && !isAtPar(flags);
  const tooOld = isMeasured && rateAgeSeconds !== null ? checkRateAge(rateAgeSeconds, limits) : undefined;
  const parts = partsOfRow(row);
  return tooOld ?? (parts === undefined ? undefined : checkPrecision(parts, limits));
}

function isParOf({ quoted_in: quotedIn, quote, rate }: CalculatedRow): boolean {
  return quotedIn !== null && isStablecoinToDollar(quotedIn, quote) && rate === '1';
}
