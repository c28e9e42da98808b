import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program of a test that runs in a process of its own, and may be killed. */
export interface TypescriptProgram {
  readonly process: ChildProcess;
  /** Everything it has printed so far. */
  readonly lines: readonly string[];
  /** The first line that matches. @throws when the program ends before it prints one. */
  line(pattern: RegExp): Promise<string>;
  readonly ended: Promise<{ status: number | null; signal: string | null }>;
}

const hooks = fileURLToPath(new URL('typescript.hooks.mjs', import.meta.url));

/** Starts a TypeScript file of this folder. */
export function startProgram(
  file: string,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): TypescriptProgram {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--experimental-transform-types', '--import', hooks, path, ...args],
    {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) => {
    child.once('close', (status, signal) => {
      resolve({ status, signal });
      for (const look of waiting) look();
    });
  });
  return {
    process: child,
    lines,
    ended,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found !== undefined) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null) {
            reject(new Error(`the program ended without ${pattern}:\n${lines.join('\n')}`));
          } else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}
