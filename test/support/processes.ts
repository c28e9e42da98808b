import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import path from 'node:path';

/** A line that a process logged. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A process under test. */
export interface RunningProcess {
  readonly child: ChildProcess;
  /** Everything it logged as JSON, oldest first. */
  readonly lines: readonly LogLine[];
  /** What it wrote that was no JSON: the last 4,000 characters. */
  stray(): string;
  /** Sends the signal and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The compiled entry point of an app: the tests run what ships. A whole path stays as it is. */
export function entryPoint(name: string): string {
  return path.resolve(ROOT, 'dist', 'apps', name);
}

/** Starts a compiled entry point with these words and exactly this environment (and the PATH). */
export function startProcess(
  entry: string,
  environment: Readonly<Record<string, string | undefined>>,
  skewMs = 0,
  words: readonly string[] = [],
): RunningProcess {
  const skewed = skewMs === 0 ? [] : ['--import', path.join(ROOT, 'test/support/skew-clock.mjs')];
  const child = spawn(process.execPath, [...skewed, entryPoint(entry), ...words], {
    env: { PATH: process.env.PATH, ...environment, TEST_CLOCK_SKEW_MS: String(skewMs) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  let stray = '';
  const read = (stream: NodeJS.ReadableStream): void => {
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        if (part.startsWith('{')) lines.push(JSON.parse(part) as LogLine);
        else stray = `${stray}${part}\n`.slice(-4_000);
      }
    });
  };
  read(child.stdout);
  read(child.stderr);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    child,
    lines,
    stray: () => stray,
    end: async (signal) => {
      child.kill(signal);
      await gone;
    },
  };
}

/** Runs a compiled entry point to its end. */
export function runToEnd(
  entry: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
) {
  return spawnSync(process.execPath, [entryPoint(entry), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment },
    cwd: ROOT,
    timeout: 120_000,
  });
}

/** Asks again and again until the answer is not undefined. @throws Error naming what was waited for, after the limit. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  throw new Error(`waited ${limitMs} ms in vain for ${what}`, { cause: last });
}
