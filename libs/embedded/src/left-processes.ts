import { z } from 'zod';
import { keepText, keptText } from './kept-file.js';
import { identify, isRunning, sendSignal, type ProcessIdentity } from './process-identity.js';
import { waitUntil } from './wait-until.js';

const noteSchema = z.array(z.object({ pid: z.number(), began: z.string() }));

/** How long a child of a dead launcher may take to end by itself: its watchdog has told it to already. */
const OWN_END_LIMIT_MS = 1_500;
const KILL_LIMIT_MS = 1_000;

/** Notes which processes run, so that a next launcher can end those that outlive this one. */
export function noteProcesses(file: string, pids: readonly number[]): void {
  const running = pids.map(identify).filter((identity) => identity !== undefined);
  keepText(file, JSON.stringify(running));
}

/** Ends what is left of the processes that an earlier launcher noted: they hold the ports that the next ones need. */
export async function endLeftProcesses(file: string): Promise<void> {
  const left = notedProcesses(file).filter(isRunning);
  for (const { pid } of left) sendSignal(pid, 'SIGTERM');
  const none = (): boolean => !left.some(isRunning);
  if ((await waitUntil(none, { limitMs: OWN_END_LIMIT_MS })) === true) return;
  for (const identity of left.filter(isRunning)) sendSignal(identity.pid, 'SIGKILL');
  await waitUntil(none, { limitMs: KILL_LIMIT_MS });
}

function notedProcesses(file: string): readonly ProcessIdentity[] {
  const note = keptText(file);
  return note === undefined ? [] : noteSchema.parse(JSON.parse(note));
}
