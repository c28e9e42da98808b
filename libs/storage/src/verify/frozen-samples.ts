import { checkLimitsOf, isPegged, judgeStill, PRICE_FLAGS, type CheckLimits, type OtherSource } from '@app/domain';
import type { Fault, Snapshot } from './finding.js';
import { STILL_SAMPLES_SQL } from './frozen-samples.sql.js';
import type { JudgedAgain } from './judged-again.js';
import type { SlotWindow } from './slot-windows.js';
import { readPastSchedules, reportedPrice, TickerPast, type PastSample, type PastSchedule } from './ticker-past.js';

/** An accepted sample of a source that had long sent the same text. */
interface StillSample {
  readonly scheduleId: number;
  readonly tickerId: number;
  readonly sourceId: number;
  readonly slot: number;
  /** From this slot on it has sent nothing else, as far as the range that was looked at shows. */
  readonly sinceSlot: number;
}

/**
 * Judges again every accepted sample of a source that had long sent the same text on the wire: that it was not frozen, and has the flag
 * exactly when nobody else reported. By what is stored of the slots before it, and by what was known of them when it was stored.
 */
export async function judgeStillSamples(snapshot: Snapshot, window: SlotWindow): Promise<JudgedAgain[]> {
  const { rows } = await snapshot.query<StillSample>(STILL_SAMPLES_SQL, [window.fromSlot, window.toSlot]);
  const schedules = await readPastSchedules(snapshot, [...new Set(rows.map(({ scheduleId }) => scheduleId))]);
  const judged: JudgedAgain[] = [];
  for (const near of nearOnes(rows)) {
    const past = await TickerPast.read(snapshot, near.tickerId, near.fromSlot, near.toSlot);
    for (const still of near.samples) {
      const schedule = schedules.get(still.scheduleId);
      if (schedule === undefined) continue;
      const found = judgeAgain(still, schedule, past);
      if (found === undefined) continue;
      const isUnproven = found.isUnproven || !(await wasAsked(snapshot, still));
      judged.push({ ticker: schedule.ticker, slot: still.slot, fault: found.fault, isUnproven });
    }
  }
  return judged;
}

/** Samples of a ticker for which one range is read. */
interface NearSamples {
  readonly tickerId: number;
  fromSlot: number;
  toSlot: number;
  readonly samples: StillSample[];
}

function nearOnes(rows: readonly StillSample[]): NearSamples[] {
  const found: NearSamples[] = [];
  for (const sample of rows) {
    const { tickerId, sinceSlot, slot } = sample;
    const newest = found.at(-1);
    if (newest === undefined || newest.tickerId !== tickerId || newest.toSlot < sinceSlot)
      found.push({ tickerId, fromSlot: sinceSlot, toSlot: slot, samples: [sample] });
    else {
      newest.fromSlot = Math.min(newest.fromSlot, sinceSlot);
      newest.toSlot = slot;
      newest.samples.push(sample);
    }
  }
  return found;
}

/** What is wrong with a sample; undefined: nothing. */
function judgeAgain(
  { sourceId, slot, sinceSlot }: StillSample,
  schedule: PastSchedule,
  past: TickerPast,
): { readonly fault: Fault; readonly isUnproven: boolean } | undefined {
  const limits = checkLimitsOf(schedule.ruleOptions, isPegged(schedule.base, schedule.quote));
  const sample = past.sampleOf(sourceId, slot);
  if (limits.frozenAfterSeconds === undefined || sample === undefined) return undefined;
  const before = past.between(sinceSlot, slot - 1);
  if (before.some((one) => one.sourceId === sourceId && one.raw !== null && one.raw !== sample.raw)) return undefined;
  const isFlagged = (sample.flags & PRICE_FLAGS.frozen) !== 0;
  const stored = isFlagged ? 'lonely' : 'calm';
  const now = stillness(sample, before, { sinceSlot, limits });
  if (now.state === stored) return undefined;
  const then = past.knownBy(sample.storedMs).between(sinceSlot, slot - 1);
  if (stillness(sample, then, { sinceSlot, limits }).state === stored) return undefined;
  const source = schedule.sources.find((one) => one.sourceId === sourceId)?.source ?? String(sourceId);
  const isUnproven =
    [sample, ...before].some(({ isCorrected, isFormer }) => isCorrected || isFormer) ||
    before.some(({ storedMs }) => storedMs > sample.storedMs);
  if (now.state === 'frozen')
    return { fault: { problem: 'accepted sample that is frozen', detail: `${source}: ${now.detail}` }, isUnproven };
  const detail = `${source}: ${sample.raw} on the wire since ${sinceSlot}, and ${now.state === 'lonely' ? 'nobody else' : 'another one'} reported`;
  const problem = isFlagged ? 'sample flagged frozen that was not' : 'sample that is not flagged frozen';
  return { fault: { problem, detail }, isUnproven };
}

function stillness(
  { slot, raw, price, sourceId }: PastSample,
  before: readonly PastSample[],
  { sinceSlot, limits }: { readonly sinceSlot: number; readonly limits: CheckLimits },
): ReturnType<typeof judgeStill> {
  let wasFrozen = false;
  const others = new Map<number, Meanwhile>();
  for (const sample of before) {
    if (sample.outcome !== 'accepted' && sample.reason !== 'jump' && sample.reason !== 'frozen') continue;
    if (sample.sourceId === sourceId) wasFrozen = sample.reason === 'frozen';
    else others.set(sample.sourceId, addSample(others.get(sample.sourceId), sample));
  }
  const still = { sinceSlot, wasFrozen, others: [...others.values()].flatMap(otherSource) };
  return judgeStill({ slot, raw: raw ?? '', price: price ?? '' }, still, limits);
}

/** What another source reported meanwhile. */
interface Meanwhile {
  /** The accepted samples with the lowest and the highest price. */
  lowest: PastSample | undefined;
  highest: PastSample | undefined;
  newest: PastSample;
  hasChanged: boolean;
}

function addSample(known: Meanwhile | undefined, sample: PastSample): Meanwhile {
  const meanwhile = known ?? { lowest: undefined, highest: undefined, newest: sample, hasChanged: false };
  meanwhile.hasChanged ||= sample.raw !== meanwhile.newest.raw;
  meanwhile.newest = sample;
  if (sample.outcome !== 'accepted') return meanwhile;
  const { approximately } = sample;
  if ((approximately ?? 0) < (meanwhile.lowest?.approximately ?? Number.POSITIVE_INFINITY)) meanwhile.lowest = sample;
  if ((approximately ?? 0) > (meanwhile.highest?.approximately ?? 0)) meanwhile.highest = sample;
  return meanwhile;
}

/** Nothing of one that was rejected as frozen all the time. */
function otherSource({ lowest, highest, newest, hasChanged }: Meanwhile): OtherSource[] {
  const accepted = lowest?.price && highest?.price ? { lowest: lowest.price, highest: highest.price } : undefined;
  const newestPrice = reportedPrice(newest);
  return accepted === undefined && newestPrice === undefined ? [] : [{ accepted, newest: newestPrice, hasChanged }];
}

/**
 * Whether it was asked then if its source is frozen: only of a text that it had in the slot of the last price too. Without a price since then,
 * nobody can tell.
 */
async function wasAsked(snapshot: Snapshot, { tickerId, slot, sinceSlot }: StillSample): Promise<boolean> {
  const { rows } = await snapshot.query(
    'SELECT 1 FROM prices WHERE ticker_id = $1 AND slot < $2::bigint AND slot >= $3::bigint LIMIT 1',
    [tickerId, slot, sinceSlot],
  );
  return rows.length > 0;
}
