import { cleanQueues } from './clean-queues.task.js';
import { closeSlots } from './close-slots.task.js';
import { dropPayloads } from './drop-payloads.task.js';
import { makePartitions } from './make-partitions.task.js';
import { readSourceStates } from './read-source-states.task.js';
import type { Task, TaskParts } from './task.js';
import { wakePlanner } from './wake-planner.task.js';

/** Every periodic task of a scheduler. A new one is a file of its own and a line here. */
export function allTasks(parts: TaskParts): Task[] {
  return [
    wakePlanner(parts),
    closeSlots(parts),
    readSourceStates(parts),
    makePartitions(parts),
    cleanQueues(parts),
    dropPayloads(parts),
  ];
}
