import type { SourceError } from '@app/sources';

/** A call may take this long at most, in milliseconds; a killed worker's claim is free again soon after. */
export const CALL_TIMEOUT_MS = 4_000;

/** Added to the call's own limit before somebody else may take the fetch over, in milliseconds. */
export const LEASE_MARGIN_MS = 1_000;

/** Less time than this to the end of the window is no time for another attempt, in milliseconds. */
export const MIN_TIME_FOR_RETRY_MS = 1_500;

/** With less time to the end of the window no further call of a fetch begins, in milliseconds: a quarter of a short window. */
export function leastCallMs(slot: number, deadline: number): number {
  return Math.min(MIN_TIME_FOR_RETRY_MS, (deadline - slot) * 250);
}

/**
 * How long a call may take. It ends with its window, in which alone it counts, but for windows that are shorter than a call may take:
 * there a source that is slower than its interval is let finish, and the slots meanwhile are `overload`, since breaking every call
 * off to begin the next would pile them up at the source.
 * @param deadline UNIX second at which the window of the slot ends.
 */
export function callTimeoutMs(slot: number, deadline: number, nowMs: number): number {
  return isShort(slot, deadline) ? CALL_TIMEOUT_MS : Math.min(CALL_TIMEOUT_MS, deadline * 1000 - nowMs);
}

/** Whether a call that timed out began in the second half of its window: that it had no time to end is not the source's fault. */
export function isBegunLate(slot: number, deadline: number, { requestedAt }: SourceError): boolean {
  if (isShort(slot, deadline) || requestedAt === undefined) return false;
  return requestedAt.getTime() >= ((slot + deadline) / 2) * 1000;
}

function isShort(slot: number, deadline: number): boolean {
  return (deadline - slot) * 1000 < CALL_TIMEOUT_MS;
}
