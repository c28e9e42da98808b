import {
  checkLimitsOf,
  decideSlot,
  MAX_WINDOW_SECONDS,
  persistenceSeconds,
  PRICE_FLAGS,
  type LastPrice,
  type SlotSample,
  type SlotSource,
} from '@app/domain';
import type { Snapshot } from './finding.js';
import type { JudgedAgain } from './judged-again.js';
import type { SlotWindow } from './slot-windows.js';
import { readPastSchedules, TickerPast, type PastSample, type PastSchedule } from './ticker-past.js';
import { FAR_PRICES_SQL } from './unconfirmed-prices.sql.js';

/** A price that may have to be unconfirmed, or is: see {@link FAR_PRICES_SQL}. */
interface FarPrice {
  readonly tickerId: number;
  readonly scheduleId: number;
  readonly slot: number;
  readonly flags: number;
  readonly revision: number;
  /** The sources of whose samples it was made. */
  readonly sourceIds: readonly number[];
  /** The prices before it, newest first. */
  readonly before: readonly Pick<LastPrice, 'slot' | 'price' | 'flags'>[];
}

/**
 * Judges again every price that is far from the one before it, or flagged `unconfirmed`, or follows one that is: the flag of each sample that
 * it was made of, and that none is a jump, by what the sources reported in its slot and before it. A price that was decided late may have had
 * an older one for its last price, and a sample may have come after the decision: a verdict that follows from any such state is right.
 */
export async function judgeFarPrices(snapshot: Snapshot, window: SlotWindow): Promise<JudgedAgain[]> {
  const { rows } = await snapshot.query<FarPrice>(FAR_PRICES_SQL, [window.fromSlot, window.toSlot]);
  const schedules = await readPastSchedules(snapshot, [...new Set(rows.map(({ scheduleId }) => scheduleId))]);
  const judged: JudgedAgain[] = [];
  for (const near of nearOnes(rows, schedules)) {
    const past = await TickerPast.read(snapshot, near.tickerId, near.fromSlot, near.toSlot);
    for (const price of near.prices) judged.push(...judgeAgain(price, near.schedules, past));
  }
  return judged;
}

/** Prices of a ticker for which one range of samples is read. */
interface NearPrices {
  readonly tickerId: number;
  readonly schedules: ReadonlyMap<number, PastSchedule>;
  fromSlot: number;
  toSlot: number;
  readonly prices: FarPrice[];
}

/** The prices in ranges that touch, so that no sample is read that no price needs. */
function nearOnes(rows: readonly FarPrice[], schedules: ReadonlyMap<number, PastSchedule>): NearPrices[] {
  const found: NearPrices[] = [];
  for (const price of rows) {
    const { tickerId, slot, scheduleId } = price;
    const sources = schedules.get(scheduleId)?.sources ?? [];
    const lookBack = persistenceSeconds(Math.max(0, ...sources.map(({ intervalSeconds }) => intervalSeconds)));
    const fromSlot = Math.min(slot, ...price.before.map((last) => last.slot)) - lookBack;
    const newest = found.at(-1);
    if (newest === undefined || newest.tickerId !== tickerId || newest.toSlot < fromSlot)
      found.push({ tickerId, schedules, fromSlot, toSlot: slot, prices: [price] });
    else {
      newest.fromSlot = Math.min(newest.fromSlot, fromSlot);
      newest.toSlot = slot;
      newest.prices.push(price);
    }
  }
  return found;
}

function judgeAgain(price: FarPrice, schedules: ReadonlyMap<number, PastSchedule>, past: TickerPast): JudgedAgain[] {
  const schedule = schedules.get(price.scheduleId);
  if (schedule === undefined) return [];
  return price.sourceIds.flatMap((sourceId) => {
    const sample = past.sampleOf(sourceId, price.slot);
    // A price without its sample is found elsewhere.
    return sample?.outcome === 'accepted' ? (faultOf(price, sample, schedule, past) ?? []) : [];
  });
}

function faultOf(
  price: FarPrice,
  sample: PastSample,
  schedule: PastSchedule,
  past: TickerPast,
): JudgedAgain | undefined {
  const { slot, before } = price;
  const stored = standingOf(sample);
  const later = past.between(slot, slot).filter(({ storedMs }) => storedMs > sample.storedMs);
  // As it stands now, and as it stood when the sample was stored, or one that came after it.
  const instants = [Number.POSITIVE_INFINITY, sample.storedMs, ...later.map(({ storedMs }) => storedMs)];
  let said: Standing | undefined;
  for (const last of lastPricesOf(before, sample, schedule, past)) {
    for (const instant of instants) {
      const standing = decideAgain(sample, { slot, last, schedule, state: past.knownBy(instant) });
      if (standing === stored) return undefined;
      said ??= standing;
    }
  }
  const source = schedule.sources.find(({ sourceId }) => sourceId === sample.sourceId)?.source ?? sample.sourceId;
  const detail = `${source}: ${sample.price} is ${stored}, what is stored beside and before it says ${said}`;
  const problem =
    said === 'a jump'
      ? 'accepted sample that is a jump'
      : stored === 'confirmed'
        ? 'unconfirmed price that is not flagged'
        : 'price flagged unconfirmed that was not';
  const isUnproven = isUndecided(price, sample, schedule, past);
  return { ticker: schedule.ticker, slot, fault: { problem, detail }, isUnproven };
}

/** When a price is decided at the end of its window, that is done by so many seconds later. */
const DECISION_SLACK_SECONDS = 5;

/** What may have been the last price when a sample was judged: an older one, where the last one may have been decided after that. */
function lastPricesOf(
  before: FarPrice['before'],
  { storedMs }: PastSample,
  { intervalSeconds }: PastSchedule,
  past: TickerPast,
): (FarPrice['before'][number] | undefined)[] {
  const mayBeLater = ({ slot }: FarPrice['before'][number]): boolean => {
    const deadline = slot + Math.min(intervalSeconds, MAX_WINDOW_SECONDS);
    return (
      storedMs < (deadline + DECISION_SLACK_SECONDS) * 1000 ||
      past.between(slot, slot).some((other) => other.storedMs > storedMs)
    );
  };
  const certain = before.findIndex((one) => !mayBeLater(one));
  return certain === -1 ? [...before, undefined] : before.slice(0, certain + 1);
}

/** Whether what is stored does not tell how it was when the price was decided. */
function isUndecided(
  { slot, revision, before }: FarPrice,
  sample: PastSample,
  { ruleOptions }: PastSchedule,
  past: TickerPast,
): boolean {
  const [last] = before;
  const since = last?.slot ?? slot;
  const those = past.between(since, slot);
  const isLate = past.between(since, slot - 1).some(({ storedMs }) => storedMs > sample.storedMs);
  // By the memory alone that its checks name, as builds of before remembered it.
  const isForgotten = slot - since > checkLimitsOf(ruleOptions).jumpMemorySeconds;
  return revision > 0 || isLate || isForgotten || those.some(({ isCorrected, isFormer }) => isCorrected || isFormer);
}

/** How a sample stands, in a word. */
type Standing = 'confirmed' | 'unconfirmed' | 'a jump';

function standingOf({ flags }: Pick<PastSample, 'flags'>): Standing {
  return (flags & PRICE_FLAGS.unconfirmed) === 0 ? 'confirmed' : 'unconfirmed';
}

interface State {
  readonly slot: number;
  readonly last: FarPrice['before'][number] | undefined;
  readonly schedule: PastSchedule;
  /** What was known of the samples. */
  readonly state: TickerPast;
}

/** How a sample stands when its slot is decided anew, with nobody left who may report. */
function decideAgain(sample: PastSample, { slot, last, schedule, state }: State): Standing {
  const { intervalSeconds, rule, ruleOptions, sources } = schedule;
  const deadline = slot + Math.min(intervalSeconds, MAX_WINDOW_SECONDS);
  const lastPrice = last && state.lastPrice(last);
  const due = sources.filter((source) => slot % source.intervalSeconds === 0);
  const given = {
    ...{ slot, deadline, rule, ruleOptions, isDecided: false, isPegged: false, last: lastPrice },
    sources: due.map((source): SlotSource => {
      const found = source.sourceId === sample.sourceId ? sample : state.sampleOf(source.sourceId, slot);
      return { ...source, isAsked: !source.isStandby || found !== undefined, sample: found && toSlotSample(found) };
    }),
  };
  const nowSeconds = deadline + 1;
  const first = decideSlot(given, { nowSeconds });
  const histories = lastPrice && state.histories(slot, lastPrice, due);
  const { revisions } = first.needsHistories ? decideSlot(given, { nowSeconds, histories }) : first;
  const revision = revisions.find(({ sourceId }) => sourceId === sample.sourceId);
  if (revision?.reason === 'jump') return 'a jump';
  return standingOf(revision ?? sample);
}

function toSlotSample(sample: PastSample): SlotSample {
  const { outcome, reason, price, raw, inverted, rate, rateUncertainty, flags, sourceTimeMs } = sample;
  const ofRate = rate === null ? undefined : { price: rate, uncertainty: rateUncertainty ?? undefined };
  return {
    ...{ outcome, reason: reason ?? undefined, price: price ?? undefined, raw: raw ?? undefined, flags },
    ...{ isInverted: inverted, rate: ofRate, observedAt: undefined, isFresh: true },
    sourceTime: sourceTimeMs === null ? undefined : new Date(sourceTimeMs),
    // What waits for a rate has none that would come.
    ...{ rateFound: undefined, rateDeadline: 0 },
  };
}
