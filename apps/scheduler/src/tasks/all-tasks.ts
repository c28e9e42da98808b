import { cleanQueues } from './clean-queues.task.js';
import { closeSlots } from './close-slots.task.js';
import { dropIngested } from './drop-ingested.task.js';
import { dropPayloads } from './drop-payloads.task.js';
import { forgetSymbols } from './forget-symbols.task.js';
import { makePartitions } from './make-partitions.task.js';
import { readLists } from './read-lists.task.js';
import { readSourceStates } from './read-source-states.task.js';
import type { Task, TaskOptions } from './task.js';
import { wakePlanner } from './wake-planner.task.js';
import { writeSnapshots } from './write-snapshots.task.js';

/** Every periodic task of a scheduler. A new one is a file of its own and a line here. */
export function allTasks(options: TaskOptions): Task[] {
  return [
    wakePlanner(options),
    closeSlots(options),
    readSourceStates(options),
    makePartitions(options),
    cleanQueues(options),
    dropPayloads(options),
    forgetSymbols(options),
    writeSnapshots(options),
    readLists(options),
    dropIngested(options),
  ];
}
