import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { keepText, keptText } from './kept-file.js';
import { commandLine, identify, isRunning, sendSignal } from './process-identity.js';
import { waitUntil } from './wait-until.js';

/** A Postgres server that runs on a cluster. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const ownerSchema = z.object({ pid: z.number(), began: z.string() });

/**
 * How a left server is ended: as if by its launcher, then without farewell, then at all. Together below the time in which
 * a start is expected to say something.
 */
const WAYS_TO_END = [
  { signal: 'SIGINT', limitMs: 5_000 },
  { signal: 'SIGQUIT', limitMs: 2_000 },
  { signal: 'SIGKILL', limitMs: 2_000 },
] as const;

/** The server that runs on a cluster now; undefined when none does, whatever its pid file says. */
export function runningPostmaster(cluster: string): Postmaster | undefined {
  const lines = pidFileLines(cluster);
  // Lines of postmaster.pid (pidfile.h of Postgres): 1 pid, 2 data folder, 3 start, 4 port.
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (identify(pid) === undefined || commandLine(pid)?.includes(cluster) !== true) return undefined;
  return { pid, port };
}

/**
 * Notes that this process runs the cluster.
 * @throws Error naming the process that runs it already.
 */
export function claimCluster({ folder, cluster }: { readonly folder: string; readonly cluster: string }): void {
  const file = join(folder, 'owner.json');
  const noted = keptText(file);
  const owner = noted === undefined ? undefined : ownerSchema.parse(JSON.parse(noted));
  if (
    owner !== undefined &&
    owner.pid !== process.pid &&
    isRunning(owner) &&
    runningPostmaster(cluster) !== undefined
  ) {
    throw new Error(`The database in ${folder} is in use by process ${owner.pid}: end that process first.`);
  }
  const self = identify(process.pid);
  if (self !== undefined) keepText(file, JSON.stringify(self));
}

/**
 * Clears the way for a start: ends a server that outlived its launcher, and removes a pid file that would stop the start,
 * because its number now belongs to a zombie or to a stranger.
 */
export async function clearLeftPostmaster(cluster: string): Promise<void> {
  const left = runningPostmaster(cluster);
  if (left === undefined) {
    if (pidFileLines(cluster).length > 0) rmSync(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  for (const { signal, limitMs } of WAYS_TO_END) {
    sendSignal(left.pid, signal);
    if ((await waitUntil(() => identify(left.pid) === undefined, { limitMs })) === true) return;
  }
  throw new Error(`The server that runs on ${cluster}, process ${left.pid}, cannot be ended: end it by hand.`);
}

function pidFileLines(cluster: string): string[] {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}
