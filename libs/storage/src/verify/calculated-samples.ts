import {
  checkLimitsOf,
  checkPrecision,
  checkRateAge,
  compareDecimals,
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
  /** Of these, the ones that were calculated to 18 digits when that was the rule. */
  readonly former: number;
  /** Samples of today with the digits of that rule: nothing tells whether a build of before was still running. */
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
  readonly rates: readonly string[] | null;
}

/** By which rule a price was calculated. */
type CalculatedBy = 'known digits' | 'former digits' | 'neither';

/** Recomputes every price that was inverted or converted from its text on the wire and the rate of its slot, and every refusal of one. */
export async function checkCalculatedSamples(
  snapshot: Snapshot,
  window: SlotWindow,
  problems: ProblemList,
): Promise<CalculatedCounts> {
  const { rows } = await snapshot.query<CalculatedRow>(CALCULATED_SQL, [window.fromSlot, window.toSlot]);
  const accepted = rows.filter(({ outcome }) => outcome === 'accepted');
  const ofFormer = accepted.filter((row) => ruleOf(row) === 'former digits');
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
  if (quotedPrice(parts) === row.price) return 'known digits';
  return formerQuotedPrice(parts) === row.price ? 'former digits' : 'neither';
}

function exampleOf(row: CalculatedRow): Example {
  const { ticker, slot, source, price } = row;
  const parts = partsOfRow(row);
  const known = parts === undefined ? undefined : quotedPrice(parts);
  return { ticker, slot, detail: `${source}: price ${price}, and known is ${known ?? 'none'}` };
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
  return row.isFormer ? undefined : faultOfLimits(row);
}

function faultOfRate(row: CalculatedRow): Fault | undefined {
  const { source, rate, rate_ticker: rateTicker, flags, rates } = row;
  if (rate === null) return undefined;
  const isPar = isAtPar(flags);
  if (isPar ? isParOf(row) : (rates ?? []).some((known) => compareDecimals(known, rate) === 0)) return undefined;
  return {
    problem: 'sample converted at a rate that was no price',
    detail: `${source}: rate ${rate}, ${rateTicker} ${isPar ? 'is no stablecoin to a dollar at 1' : `was ${rates?.join(', ') ?? 'nothing'}`}`,
  };
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
  if (rejection?.reason === row.reason) return undefined;
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
