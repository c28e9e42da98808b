import { countSlots, deadlineOf, maxAttemptsOf, slotAt, slotAtOrAfter, type Schedule } from '@app/domain';
import type { Plan, PlannedFetch, PlannedGap } from '@app/storage';

/** The clock that a plan is made by. */
export interface PlanningClock {
  readonly nowSeconds: number;
  /** Since when Postgres could not be reached; undefined when it could. */
  readonly databaseAwaySince?: number | undefined;
}

/**
 * Decides what to do about schedules that are due: a fetch for each source and batch of a slot whose window is open, a
 * gap range for the range before it that nobody planned. Its time does not depend on how long that range is.
 */
export function planSlots(due: readonly Schedule[], clock: PlanningClock): Plan {
  const fetches = new Map<string, PlannedFetch>();
  const gaps: PlannedGap[] = [];
  const advances: { scheduleId: number; plannedTo: number }[] = [];
  for (const schedule of due) {
    const { intervalSeconds } = schedule;
    const end = schedule.toSlot ?? Number.POSITIVE_INFINITY;
    const lastDue = slotAt(clock.nowSeconds * 1000, intervalSeconds);
    const first = slotAtOrAfter(schedule.plannedTo, intervalSeconds);
    const isOpen = lastDue >= first && lastDue < end && deadlineOf(lastDue, intervalSeconds) > clock.nowSeconds;
    const missedTo = Math.min(isOpen ? lastDue : lastDue + intervalSeconds, end);
    if (countSlots(first, missedTo, intervalSeconds) > 0) gaps.push(...gapsBetween(schedule, first, missedTo, clock));
    if (isOpen) for (const fetch of fetchesOf(schedule, lastDue)) mergeFetch(fetches, fetch);
    advances.push({ scheduleId: schedule.id, plannedTo: Math.min(lastDue + intervalSeconds, end) });
  }
  return { fetches: [...fetches.values()], gaps, advances };
}

/** One range, or two where the database went away in the middle of it. */
function gapsBetween(schedule: Schedule, fromSlot: number, toSlot: number, clock: PlanningClock): PlannedGap[] {
  const { tickerId, ticker, intervalSeconds } = schedule;
  const awayFrom = slotAtOrAfter(clock.databaseAwaySince ?? Number.MAX_SAFE_INTEGER - 86_400, intervalSeconds);
  const ranges: PlannedGap[] = [
    { tickerId, ticker, fromSlot, toSlot: Math.min(toSlot, awayFrom), reason: 'not_planned' },
    { tickerId, ticker, fromSlot: Math.max(fromSlot, awayFrom), toSlot, reason: 'database_unavailable' },
  ];
  return ranges.filter((range) => range.fromSlot < range.toSlot);
}

/** Standby sources are called by the store that finds all sources before them failed. */
function fetchesOf(schedule: Schedule, slot: number): PlannedFetch[] {
  return schedule.sources
    .filter((source) => source.standby !== true && slot % source.intervalSeconds === 0)
    .map((source) => ({
      sourceId: source.sourceId,
      batch: source.batch,
      slot,
      deadline: deadlineOf(slot, schedule.intervalSeconds),
      maxAttempts: maxAttemptsOf(schedule.intervalSeconds),
    }));
}

/** Tickers of one batch share one call, which must end within the shortest of their windows. */
function mergeFetch(fetches: Map<string, PlannedFetch>, fetch: PlannedFetch): void {
  const key = `${fetch.sourceId} ${fetch.batch} ${fetch.slot}`;
  const known = fetches.get(key);
  fetches.set(key, {
    ...fetch,
    deadline: Math.min(fetch.deadline, known?.deadline ?? fetch.deadline),
    maxAttempts: Math.min(fetch.maxAttempts, known?.maxAttempts ?? fetch.maxAttempts),
  });
}
