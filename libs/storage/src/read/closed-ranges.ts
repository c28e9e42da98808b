import { countSlots, graceEndOf } from '@app/domain';
import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';

/** The slots for which one version of a schedule held. */
export interface ScheduleVersion {
  readonly id: number;
  readonly fromSlot: number;
  /** End, exclusive; null while it still holds. */
  readonly toSlot: number | null;
  readonly intervalSeconds: number;
}

/** A part of a version in which every slot is past its grace, and must have a price or a reason. */
export interface ClosedRange {
  readonly scheduleId: number;
  readonly fromSlot: number;
  /** End, exclusive. */
  readonly toSlot: number;
  readonly intervalSeconds: number;
  /** Where the version ends, or what was asked of it, if that is sooner; later than `toSlot` while slots are open. */
  readonly endSlot: number;
}

/** What can be asked of a range at an instant. */
export interface ClosedRanges {
  readonly ranges: readonly ClosedRange[];
  /** How many slots the ranges hold. */
  readonly expected: number;
  /** UNIX second up to which nothing of the range is still open. */
  readonly decidedTo: number;
}

/** Cuts `[fromSeconds, toSeconds)` into the closed parts of the versions that held in it. */
export function closedRangesOf(
  versions: readonly ScheduleVersion[],
  fromSeconds: number,
  toSeconds: number,
  nowSeconds: number,
): ClosedRanges {
  const ranges: ClosedRange[] = [];
  let decidedTo = Math.min(toSeconds, nowSeconds);
  for (const version of versions) {
    // One that ended before its first slot never held.
    if (version.toSlot === version.fromSlot) continue;
    const fromSlot = Math.max(version.fromSlot, fromSeconds);
    const versionEnd = Math.min(version.toSlot ?? Infinity, toSeconds);
    const firstOpen = nowSeconds - CLOSING_SLACK_SECONDS - graceEndOf(0, version.intervalSeconds) + 1;
    const toSlot = Math.min(versionEnd, firstOpen);
    if (toSlot < versionEnd) decidedTo = Math.min(decidedTo, Math.max(firstOpen, fromSlot));
    if (toSlot > fromSlot) {
      ranges.push({
        scheduleId: version.id,
        fromSlot,
        toSlot,
        intervalSeconds: version.intervalSeconds,
        endSlot: versionEnd,
      });
    }
  }
  return { ranges, expected: ranges.reduce((sum, range) => sum + slotsOf(range), 0), decidedTo };
}

/** The parts of ranges at and after an instant. */
export function rangesFrom(ranges: readonly ClosedRange[], fromSeconds: number): ClosedRange[] {
  return ranges
    .filter((range) => range.toSlot > fromSeconds)
    .map((range) => ({ ...range, fromSlot: Math.max(range.fromSlot, fromSeconds) }));
}

function slotsOf(range: ClosedRange): number {
  return countSlots(range.fromSlot, range.toSlot, range.intervalSeconds);
}
