import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { sendSignal } from './process-identity.js';
import { splitLines } from './split-lines.js';

/** How a child is started. */
export interface ChildOptions {
  /** One word for logs, e.g. `worker`. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** The whole environment of the child: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder?: string | undefined;
  /** Runs as this user; only root may ask for it. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** What asks it to end in an orderly way; default SIGTERM. */
  readonly endSignal?: 'SIGTERM' | 'SIGINT' | undefined;
  /**
   * What ends it when this process dies without a word: a watchdog, which takes a shell and ends any program, or the channel between
   * Node processes, to which those of our own listen (`runProcess`). Default `watchdog`.
   */
  readonly tether?: 'watchdog' | 'channel' | undefined;
  /** Every line that it writes, standard output and standard error alike. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How a child ended: by a status or by a signal. */
export interface ChildEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child that was started and is to be ended by this process, or dies with it. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Answers as soon as the child is dead. */
  readonly ended: Promise<ChildEnd>;
  /** Undefined while it runs. */
  end(): ChildEnd | undefined;
  /** The last lines it wrote, oldest first. */
  lastLines(): readonly string[];
  /** Asks it to end, kills it when it still runs after the limit, and answers when it is gone with its watchdog. */
  stop(limitMs: number): Promise<ChildEnd>;
}

/**
 * A shell that becomes the child (`exec`, so the pid is the child's) and leaves a watchdog behind, which waits on fd 3. The
 * brackets make the watchdog a stranger to the child, which is then not surprised by the death of a process that it never
 * started (Postgres takes that for a crash).
 */
const LAUNCH = `watch=$1 signal=$2; shift 2
( exec /bin/sh -c "$watch" tidemark-watchdog "$signal" $$ <&3 3<&- >/dev/null 2>&1 & )
exec "$@" 3<&-`;

/**
 * The other end of fd 3 is held by the launcher alone: when it dies, even by kill -9, the wait ends, and the watchdog asks
 * the child to end and kills it 4 s later. It may trust the number of the child: it is a member of the child's process
 * group, and no system gives a number away that still names a group. A zombie is dead, but answers to kill -0.
 */
const WATCHDOG = `read -r _
kill -s "$1" "$2" || exit 0
tries=0
while kill -0 "$2" && [ $tries -lt 40 ]; do
  case $(cat "/proc/$2/status") in *"State:	Z"*) exit 0 ;; esac
  sleep 0.1; tries=$((tries + 1))
done
kill -s KILL "$2"`;

/** How many lines of a child are remembered for the message about its death. */
const REMEMBERED_LINES = 20;

/** After its death, what a child leaves open (its watchdog, a process of its own that holds a pipe) is waited for this long. */
const GONE_LIMIT_MS = 300;

/**
 * Starts a child in a process group of its own, so that Ctrl-C on the terminal reaches the launcher alone.
 * @throws when the system refuses to start it; a child that dies later says so by `ended`.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const endSignal = options.endSignal ?? 'SIGTERM';
  const process = spawnTethered(options, endSignal);
  const ended = new Promise<ChildEnd>((resolve) => {
    process.once('exit', (status, signal) => resolve({ status, signal }));
  });
  const gone = new Promise<void>((resolve) => process.once('close', () => resolve()));
  const pid = await spawned(process, options);

  const lastLines: string[] = [];
  const onLine = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > REMEMBERED_LINES) lastLines.shift();
    options.onLine?.(line);
  };
  for (const stream of [process.stdout, process.stderr]) splitLines(stream as Readable, onLine);
  const lifeline = options.tether === 'channel' ? undefined : (process.stdio[3] as Writable & Readable);
  lifeline?.on('error', () => undefined).resume();

  let end: ChildEnd | undefined;
  void ended.then((how) => {
    end = how;
    lifeline?.end();
  });

  return {
    name: options.name,
    pid,
    ended,
    end: () => end,
    lastLines: () => lastLines,
    async stop(limitMs) {
      if (end === undefined) {
        sendSignal(pid, endSignal);
        if (!(await within(ended, limitMs))) sendSignal(-pid, 'SIGKILL');
      }
      const how = await ended;
      await within(gone, GONE_LIMIT_MS);
      for (const stream of process.stdio) stream?.destroy();
      return how;
    },
  };
}

function spawnTethered(options: ChildOptions, endSignal: string): ChildProcess {
  const where = { cwd: options.workingFolder, env: { ...options.environment }, detached: true, ...options.user };
  if (options.tether === 'channel') {
    return spawn(options.command, [...options.arguments], { ...where, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  }
  return spawn(
    '/bin/sh',
    ['-c', LAUNCH, 'tidemark-launch', WATCHDOG, endSignal.slice(3), options.command, ...options.arguments],
    { ...where, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
}

/** How an end reads in a message: `status 1` or `signal SIGKILL`. */
export function describeEnd(end: ChildEnd): string {
  return end.signal === null ? `status ${end.status}` : `signal ${end.signal}`;
}

function spawned(process: ChildProcess, { name, command, user }: ChildOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    process.once('spawn', () => resolve(process.pid as number));
    process.once('error', (error) => {
      const as = user === undefined ? '' : ` as user ${user.uid}`;
      reject(new Error(`${name} (${command}) cannot be started${as}: ${error.message}`, { cause: error }));
    });
  });
}

/** Whether it came within the limit. */
async function within(event: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const came = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return came;
}
