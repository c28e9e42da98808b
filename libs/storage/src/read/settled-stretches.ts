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
export interface SettledStretch {
  readonly scheduleId: number;
  readonly fromSlot: number;
  /** End, exclusive. */
  readonly toSlot: number;
  readonly intervalSeconds: number;
  /** Where the version ends, or what was asked of it, if that is sooner; later than `toSlot` while slots are open. */
  readonly endSlot: number;
}

/** What can be asked of a range at an instant. */
export interface Settlement {
  readonly stretches: readonly SettledStretch[];
  /** How many slots the stretches hold. */
  readonly expected: number;
  /** UNIX second up to which nothing of the range is still open. */
  readonly settledTo: number;
}

/** Cuts `[fromSeconds, toSeconds)` into the settled parts of the versions that held in it. */
export function settle(
  versions: readonly ScheduleVersion[],
  fromSeconds: number,
  toSeconds: number,
  nowSeconds: number,
): Settlement {
  const stretches: SettledStretch[] = [];
  let settledTo = Math.min(toSeconds, nowSeconds);
  for (const version of versions) {
    const fromSlot = Math.max(version.fromSlot, fromSeconds);
    const versionEnd = Math.min(version.toSlot ?? Infinity, toSeconds);
    const firstOpen = nowSeconds - CLOSING_SLACK_SECONDS - graceEndOf(0, version.intervalSeconds) + 1;
    const toSlot = Math.min(versionEnd, firstOpen);
    if (toSlot < versionEnd) settledTo = Math.min(settledTo, Math.max(firstOpen, fromSlot));
    if (toSlot > fromSlot) {
      stretches.push({
        scheduleId: version.id,
        fromSlot,
        toSlot,
        intervalSeconds: version.intervalSeconds,
        endSlot: versionEnd,
      });
    }
  }
  return { stretches, expected: stretches.reduce((sum, stretch) => sum + slotsOf(stretch), 0), settledTo };
}

/** The parts of stretches at and after an instant. */
export function stretchesFrom(stretches: readonly SettledStretch[], fromSeconds: number): SettledStretch[] {
  return stretches
    .filter((stretch) => stretch.toSlot > fromSeconds)
    .map((stretch) => ({ ...stretch, fromSlot: Math.max(stretch.fromSlot, fromSeconds) }));
}

function slotsOf(stretch: SettledStretch): number {
  return countSlots(stretch.fromSlot, stretch.toSlot, stretch.intervalSeconds);
}
