import {
  consensusOf,
  decideByMedian,
  distanceToTruePrice,
  medianLimitsOf,
  partsOf,
  type AcceptedPrice,
  type Consensus,
  type RefusalReason,
  type RuleOptions,
} from '@app/domain';
import { MEDIANS_SQL, NOT_FROZEN_SQL } from './believed-prices.sql.js';
import { checkCalculatedSamples, type CalculatedCounts } from './calculated-samples.js';
import { addFault, type Example, type Fault, type ProblemList, type Snapshot } from './finding.js';
import { judgeStillSamples } from './frozen-samples.js';
import type { JudgedAgain } from './judged-again.js';
import type { SlotWindow } from './slot-windows.js';
import { judgeFarPrices } from './unconfirmed-prices.js';

/** How much was recomputed. */
export interface RecomputedCounts extends CalculatedCounts {
  readonly medians: number;
  /** Prices and samples whose flags do not follow from what is stored now, and may have followed from what was then. */
  readonly undecided: number;
  readonly firstUndecided: Example | undefined;
}

/**
 * The part of I1 that is recomputed: every price that was inverted or converted from its text on the wire and the rate of its slot,
 * every median and every refusal from the samples of its slot, who is called frozen and who is not from what it had reported, and which
 * price is unconfirmed.
 */
export async function checkBelievedPrices(
  snapshot: Snapshot,
  window: SlotWindow,
  problems: ProblemList,
): Promise<RecomputedCounts> {
  const calculated = await checkCalculatedSamples(snapshot, window, problems);
  const medians = await snapshot.query<MedianRow>(MEDIANS_SQL, [window.fromSlot, window.toSlot]);
  for (const row of medians.rows)
    addFault(problems, row, row.price === null ? faultOfRefusal(row) : faultOfMedian(row));
  const doubtful = medians.rows.filter(isDoubtfulMedian);
  const notFrozen = await snapshot.query<NotFrozenRow>(NOT_FROZEN_SQL, [window.fromSlot, window.toSlot]);
  for (const row of notFrozen.rows) addFault(problems, row, faultOfFrozen(row));
  const judged = [...(await judgeStillSamples(snapshot, window)), ...(await judgeFarPrices(snapshot, window))];
  for (const one of judged) if (!one.isUnproven) addFault(problems, one, one.fault);
  const undecided = judged.filter(({ isUnproven }) => isUnproven);
  return {
    ...calculated,
    doubtful: calculated.doubtful + doubtful.length,
    firstDoubtful: calculated.firstDoubtful ?? (doubtful[0] && exampleOf(doubtful[0])),
    medians: medians.rows.length,
    undecided: undecided.length,
    firstUndecided: undecided[0] && undecidedExample(undecided[0]),
  };
}

function undecidedExample({ ticker, slot, fault }: JudgedAgain): Example {
  return { ticker, slot, detail: `${fault.problem}: ${fault.detail}` };
}

/** A sample that is called frozen though its source reported something else. */
interface NotFrozenRow {
  readonly ticker: string;
  readonly slot: number;
  readonly source: string;
  readonly raw: string | null;
  /** What it reported then; null: nothing. */
  readonly other: string | null;
}

function faultOfFrozen({ source, raw, other }: NotFrozenRow): Fault {
  return {
    problem: 'sample called frozen that was not',
    detail: `${source}: ${raw} on the wire, before it ${other ?? 'nothing'}`,
  };
}

/** A slot of a ticker with the rule `median`, with its price or its refusal, and its samples in order of preference. */
export interface MedianRow {
  readonly ticker: string;
  readonly slot: number;
  readonly rule_options: RuleOptions;
  readonly price: string | null;
  readonly uncertainty: string | null;
  readonly flags: number | null;
  readonly observed_ms: number | null;
  readonly consensus: Consensus | null;
  readonly refusal: RefusalReason | null;
  readonly slotSources: readonly MedianSlotSource[] | null;
}

/** The sample of a source in such a slot. */
export interface MedianSlotSource {
  readonly sourceId: number;
  readonly source: string;
  readonly standby: boolean;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean | null;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly flags: number | null;
  /** It was stored when a build of before may have been running. */
  readonly isFormer: boolean | null;
  readonly observedMs: number | null;
  readonly storedMs: number | null;
  /** It was stored by the end of the window, by more than the clocks may be apart. */
  readonly inTime: boolean | null;
}

interface AcceptedSlotSource extends MedianSlotSource {
  readonly price: string;
  readonly flags: number;
}

function isAccepted(slotSource: MedianSlotSource): slotSource is AcceptedSlotSource {
  return slotSource.outcome === 'accepted' && slotSource.price !== null && slotSource.flags !== null;
}

/** A median of which its slot does not say how well it is known, though its samples do: a build of before may have decided it. */
function isDoubtfulMedian({ price, uncertainty, consensus, rule_options, slotSources }: MedianRow): boolean {
  if (price === null || uncertainty !== null || consensus === null) return false;
  const voices = voicesOf(slotSources ?? [], consensus);
  if (voices.length === 0 || voices.some(({ isFormer }) => isFormer === true)) return false;
  const median = decideByMedian(voices.filter(isAccepted).map(acceptedOf), medianLimitsOf(rule_options));
  return median.outcome === 'price' && median.uncertainty !== undefined;
}

function exampleOf({ ticker, slot, price }: MedianRow): Example {
  return { ticker, slot, detail: `median ${price}, and nothing says how well it is known` };
}

/** A sample as a median takes it. */
function acceptedOf({ sourceId, price, raw, inverted, flags, ...ofRate }: AcceptedSlotSource): AcceptedPrice {
  const parts = raw === null ? undefined : partsOf({ raw, inverted: inverted === true, flags, ...ofRate });
  return { sourceId, price, flags, uncertainty: parts && distanceToTruePrice(price, parts) };
}

/** The sources that a median looked at: those that it is made of, and outliers. */
function voicesOf(given: readonly MedianSlotSource[], { used, left_out: leftOut }: Consensus): MedianSlotSource[] {
  const outliers = new Set(leftOut.filter(({ reason }) => reason === 'outlier').map(({ source }) => source));
  return given.filter(({ source }) => used.includes(source) || outliers.has(source));
}

function faultOfMedian({
  price,
  uncertainty,
  flags,
  observed_ms,
  consensus,
  rule_options,
  slotSources,
}: MedianRow): Fault | undefined {
  const given = slotSources ?? [];
  if (consensus === null) return { problem: 'median without a record', detail: `${price}, and nothing says of whom` };
  const leftOut = new Map(consensus.left_out.map((one) => [one.source, one.reason]));
  const voices = voicesOf(given, consensus);
  const notAccepted = voices.find((slotSource) => !isAccepted(slotSource));
  if (notAccepted !== undefined || voices.length !== consensus.used.length + outliersIn(consensus)) {
    const who = notAccepted?.source ?? 'a source';
    return {
      problem: 'median of a sample that was not accepted',
      detail: `${who} is ${notAccepted?.outcome ?? 'not there'}`,
    };
  }
  const median = decideByMedian(voices.filter(isAccepted).map(acceptedOf), medianLimitsOf(rule_options));
  if (median.outcome === 'refused')
    return { problem: 'median that its samples do not give', detail: `${price}, the samples give ${median.reason}` };
  const made = consensusOf(
    median,
    voices.map((slotSource) => ({ ...slotSource, isAsked: true })),
  );
  const newest = Math.max(
    ...voices.filter(({ source }) => made.used.includes(source)).map((slotSource) => slotSource.observedMs ?? 0),
  );
  const differences = [
    ...(median.price === price ? [] : [`price ${price}, the samples give ${median.price}`]),
    ...(uncertainty === null || median.uncertainty === uncertainty
      ? []
      : [`known to ${uncertainty}, the samples give ${median.uncertainty ?? 'its last digit'}`]),
    ...(median.flags === flags ? [] : [`flags ${flags}, the samples give ${median.flags}`]),
    ...(newest === observed_ms ? [] : [`observed at ${observed_ms}, the newest sample at ${newest}`]),
    ...(made.used.join() === consensus.used.join() &&
    made.spread === consensus.spread &&
    made.sources === consensus.sources
      ? []
      : [
          `of ${consensus.sources} (${consensus.used.join()}) within ${consensus.spread}, the samples give ${made.sources} (${made.used.join()}) within ${made.spread}`,
        ]),
  ];
  if (differences.length > 0) return { problem: 'median that its samples do not give', detail: differences.join('; ') };
  return faultOfLeftOut(given, consensus, leftOut);
}

function outliersIn({ left_out: leftOut }: Consensus): number {
  return leftOut.filter(({ reason }) => reason === 'outlier').length;
}

/** Every source that was due is used or left out with a reason; whoever was accepted in time is not left out for another one. */
function faultOfLeftOut(
  slotSources: readonly MedianSlotSource[],
  consensus: Consensus,
  leftOut: ReadonlyMap<string, string>,
): Fault | undefined {
  const others = slotSources.filter(({ source }) => !consensus.used.includes(source));
  const forgotten = others.find(({ source, standby }) => !standby && !leftOut.has(source));
  if (forgotten !== undefined)
    return { problem: 'median that leaves a source out without a reason', detail: `${forgotten.source} is not named` };
  const ignored = others.find(
    (slotSource) =>
      isAccepted(slotSource) &&
      slotSource.inTime === true &&
      !slotSource.standby &&
      leftOut.get(slotSource.source) !== 'outlier',
  );
  if (ignored === undefined) return undefined;
  const reason = leftOut.get(ignored.source);
  return {
    problem: 'median without a sample that was stored in time',
    detail: `${ignored.source} was accepted, left out as ${reason}`,
  };
}

/** A refusal saw the samples that were stored in time, and maybe some that came after; a later one changed nothing. */
function faultOfRefusal({ refusal, rule_options, slotSources }: MedianRow): Fault | undefined {
  const accepted = (slotSources ?? [])
    .filter(isAccepted)
    .sort((left, right) => (left.storedMs ?? 0) - (right.storedMs ?? 0));
  const inTime = accepted.filter((slotSource) => slotSource.inTime === true).length;
  const limits = medianLimitsOf(rule_options);
  const outcomes = Array.from({ length: accepted.length - inTime + 1 }, (_, more) => {
    const median = decideByMedian(accepted.slice(0, inTime + more), limits);
    return median.outcome === 'refused' ? median.reason : `the price ${median.price}`;
  });
  if (refusal === null || outcomes.includes(refusal)) return undefined;
  return { problem: 'refused price that its samples give', detail: `${refusal}, the samples give ${outcomes[0]}` };
}
