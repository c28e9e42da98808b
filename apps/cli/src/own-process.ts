import { type Child, describeEnd, startChild } from '@app/embedded';

/** A process of Tidemark that runs for this command alone, on a free port of this machine. */
export interface OwnProcess {
  /** Address without a slash at the end. */
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** How a process is started for this command. */
export interface OwnProcessOptions {
  /** One word, such as `simulator`. */
  readonly name: string;
  /** Its compiled entry point. */
  readonly entry: string;
  /** The whole environment of it; it must have it listen on a free port and log when it does. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take to listen, in milliseconds. */
  readonly startLimitMs: number;
}

/** Thrown when a process did not come to listen; says how it ended and what it said last. */
export class OwnProcessError extends Error {
  override readonly name = 'OwnProcessError';
}

const STOP_LIMIT_MS = 2_000;

/** Starts a process of Tidemark and waits until it listens. It dies with this one. @throws OwnProcessError */
export async function startOwnProcess(options: OwnProcessOptions): Promise<OwnProcess> {
  const { name, entry, environment, startLimitMs } = options;
  const listening = Promise.withResolvers<string>();
  const child = await startChild({
    name,
    command: process.execPath,
    arguments: [entry],
    tether: 'channel',
    environment,
    onLine: (line) => {
      const url = /"address":"(http:[^"]+)"/.exec(line)?.[1];
      if (url !== undefined) listening.resolve(url);
    },
  });
  const url = await Promise.race([listening.promise, faultOf(child, startLimitMs)]);
  if (url instanceof Error) {
    await child.stop(0);
    throw url;
  }
  return { url, child, stop: async () => void (await child.stop(STOP_LIMIT_MS)) };
}

/** What a process of Tidemark said last, in its own words where it logged them. */
export function lastWordsOf(child: Child): string {
  return child.lastLines().slice(-3).map(messageIn).join(' | ');
}

/** Why a process did not come to listen; never answers while it does. */
async function faultOf(child: Child, limitMs: number): Promise<Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
    timer.unref();
  });
  const end = await Promise.race([child.ended, late]);
  clearTimeout(timer);
  const how = end === undefined ? `did not listen within ${limitMs / 1000} s` : `ended with ${describeEnd(end)}`;
  return new OwnProcessError(`the ${child.name} ${how}: ${lastWordsOf(child)}`);
}

function messageIn(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : line;
  } catch {
    return line.trim();
  }
}
