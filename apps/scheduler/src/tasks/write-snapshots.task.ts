import { slotText } from '@app/domain';
import { SnapshotFileError, type SnapshotRow, writeMinute } from '@app/snapshots';
import type { DecidedMinute, SnapshotSample } from '@app/storage';
import { requireTrueClock, type Task, type TaskOptions } from './task.js';

/** Minutes written in one run: a day that was missed is written in a few minutes, and nothing waits long for the end of a process. */
const MINUTES_PER_RUN = 60;

/** A minute that is not decided so long after its end, in seconds, is said: its slots wait for a planner or a closer. */
const UNDECIDED_FAILS_AFTER_SECONDS = 300;

/**
 * Writes each minute whose slots are all decided to its file, oldest first. With several schedulers a minute is written by whoever
 * locks the mark of what is written; one who dies before the mark has moved leaves it to another, who writes the same.
 */
export function writeSnapshots({
  snapshots,
  snapshotFolder,
  clock,
  logger,
}: Pick<TaskOptions, 'snapshots' | 'snapshotFolder' | 'clock' | 'logger'>): Task {
  return {
    name: 'write-snapshots',
    everySeconds: 5,
    offsetMs: 2_300,
    run: async (signal) => {
      if (snapshotFolder === undefined) return;
      requireTrueClock(clock);
      await snapshots.begin();
      let written = 0;
      for (; written < MINUTES_PER_RUN && !signal.aborted; written += 1) {
        const next = await snapshots.next((minute) => writeToFolder(snapshotFolder, minute));
        if (next.kind === 'undecided' && next.sinceSeconds > UNDECIDED_FAILS_AFTER_SECONDS) {
          throw new Error(
            `${slotText(next.minute)}: some slot of this minute is not decided ${next.sinceSeconds} s after its end; no snapshot is written before it is`,
          );
        }
        if (next.kind !== 'written') break;
      }
      if (written > 1)
        logger.info({ event: 'snapshots_caught_up', minutes: written }, 'wrote minutes that were missed');
    },
  };
}

/** @throws Error that names the setting, the folder and the minute when the file cannot be written. */
async function writeToFolder(folder: string, { minute, samples }: DecidedMinute): Promise<void> {
  try {
    await writeMinute({ folder, minute, rows: samples.map(rowOf) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const whole =
      error instanceof SnapshotFileError
        ? `SNAPSHOT_DIR: ${reason}`
        : `SNAPSHOT_DIR: ${slotText(minute)} cannot be written to the folder ${folder}, and no later minute is before it (${reason})`;
    throw new Error(whole, { cause: error });
  }
}

function rowOf({ slot, source, asset, priceUsd, httpStatus, latencyMs, attempt }: SnapshotSample): SnapshotRow {
  return {
    ...{ timestampUtc: slotText(slot), source, asset },
    priceUsd: priceUsd ?? undefined,
    httpStatus: httpStatus ?? undefined,
    latencyMs: latencyMs ?? undefined,
    attempt: attempt ?? undefined,
  };
}
