/** Where a source stands in its month. */
export interface MonthlyBudget {
  /** What the month allows. */
  readonly credits: number;
  readonly used: number;
  /** What the catalogue asks for, in credits a second. */
  readonly demandPerSecond: number;
  readonly nowMs: number;
}

/** What is left of a month, and how far it goes. */
export interface BudgetOutlook {
  readonly left: number;
  readonly secondsLeft: number;
  /** What the catalogue would use until the end of the month. */
  readonly needed: number;
  /** The share of the slots that can be afforded, 0 to 1. */
  readonly share: number;
}

/** Kept back from what is left of a month, for retries and lists of names: a hundredth. */
const KEPT_BACK = 0.01;

/** Shares are in steps of about a fiftieth, so that the slots that are left out keep their rhythm while the month goes on. */
const STEPS = 50;

const FINEST_SHARE = 10_000;

/** The first day of the month of an instant in UTC, as `2026-11-01`: under which its credits are counted. */
export function monthOf(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 7)}-01`;
}

/** The seconds from an instant to the end of its month in UTC. */
export function secondsLeftInMonth(nowMs: number): number {
  const now = new Date(nowMs);
  return (Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - nowMs) / 1000;
}

/** Whether what is left of a month lasts to its end, and which share of the slots does when not. */
export function outlookOf({ credits, used, demandPerSecond, nowMs }: MonthlyBudget): BudgetOutlook {
  const left = Math.max(0, credits - used);
  const secondsLeft = secondsLeftInMonth(nowMs);
  const needed = demandPerSecond * secondsLeft;
  if (left >= needed) return { left, secondsLeft, needed, share: 1 };
  const exact = Math.floor(((left * (1 - KEPT_BACK)) / needed) * FINEST_SHARE);
  return {
    left,
    secondsLeft,
    needed,
    share: (exact - (exact % Math.max(1, Math.floor(exact / STEPS)))) / FINEST_SHARE,
  };
}

/**
 * Whether the slot with this number, counted from 1970, is among the share that can be afforded. As evenly spread as whole slots
 * allow: of any range of slots the share is kept, give or take one.
 */
export function isAffordable(slotNumber: number, share: number): boolean {
  const parts = Math.round(share * FINEST_SHARE);
  return Math.floor(((slotNumber + 1) * parts) / FINEST_SHARE) > Math.floor((slotNumber * parts) / FINEST_SHARE);
}
