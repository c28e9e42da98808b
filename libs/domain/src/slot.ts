/** The longest range after its slot, in seconds, in which an observation still counts for it. */
export const MAX_WINDOW_SECONDS = 15;

/** How long after the window, in seconds, an outcome may still be stored before the slot is closed. */
export const GRACE_AFTER_WINDOW_SECONDS = 10;

/** The slot that an instant belongs to: UNIX seconds, a multiple of the interval. */
export function slotAt(nowMs: number, intervalSeconds: number): number {
  const nowSeconds = Math.floor(nowMs / 1000);
  return nowSeconds - modulo(nowSeconds, intervalSeconds);
}

/** The first slot that begins at or after the given UNIX second. */
export function slotAtOrAfter(seconds: number, intervalSeconds: number): number {
  const whole = Math.ceil(seconds);
  const rest = modulo(whole, intervalSeconds);
  return rest === 0 ? whole : whole + intervalSeconds - rest;
}

/** Length of the window in seconds: the interval, at most {@link MAX_WINDOW_SECONDS}. */
export function windowSeconds(intervalSeconds: number): number {
  return Math.min(intervalSeconds, MAX_WINDOW_SECONDS);
}

/** The UNIX second at which the window of a slot ends (exclusive). */
export function deadlineOf(slot: number, intervalSeconds: number): number {
  return slot + windowSeconds(intervalSeconds);
}

/** The UNIX second from which on a slot must have a price or a recorded reason. */
export function graceEndOf(slot: number, intervalSeconds: number): number {
  return deadlineOf(slot, intervalSeconds) + GRACE_AFTER_WINDOW_SECONDS;
}

/** A slot as ISO 8601 in whole seconds: `2026-11-20T20:05:00Z`. */
export function slotText(slot: number): string {
  return `${new Date(slot * 1000).toISOString().slice(0, 19)}Z`;
}

/** How many slots begin in `[fromSeconds, toSeconds)`. */
export function countSlots(fromSeconds: number, toSeconds: number, intervalSeconds: number): number {
  const first = slotAtOrAfter(fromSeconds, intervalSeconds);
  return first >= toSeconds ? 0 : Math.ceil((toSeconds - first) / intervalSeconds);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
