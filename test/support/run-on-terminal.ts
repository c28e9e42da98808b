import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a command is run on a terminal. */
export interface TerminalOptions {
  /** Width of the terminal; 0: nobody gave it a size. */
  readonly columns: number;
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a command wrote to its terminal, and how it ended. */
export interface TerminalRun {
  /** Both of its streams, with every code. */
  readonly output: string;
  /** `the limits`: it ran too long or wrote too much, and was killed. */
  readonly endedBy: 'itself' | 'the limits';
}

/** A command that runs on a terminal of its own. */
export interface OnTerminal {
  readonly ended: Promise<TerminalRun>;
  signal(signal: NodeJS.Signals): void;
  resize(columns: number): void;
}

const MOST_BYTES = 200_000;
const MOST_MS = 20_000;

/** Runs a command on a real pseudo-terminal, by `script` of util-linux. @throws Error when that is missing. */
export function startOnTerminal(words: readonly string[], { columns, environment }: TerminalOptions): OnTerminal {
  if (spawnSync('script', ['--version']).error !== undefined) {
    throw new Error('`script` of util-linux (Debian: bsdutils) is missing: it makes the terminal of this test.');
  }
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-terminal-'));
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  // In the background, so that its number is known before it has ended.
  const shell = `stty cols ${columns}; tty >${folder}/tty; ${quoted} & echo $! >${folder}/pid; wait $!`;
  const child = spawn('script', ['-qefc', shell, '/dev/null'], {
    env: { SHELL: '/bin/sh', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8').trim();
  let output = '';
  let endedBy: TerminalRun['endedBy'] = 'itself';
  const kill = (): void => {
    endedBy = 'the limits';
    process.kill(Number(read('pid')), 'SIGKILL');
  };
  const timer = setTimeout(kill, MOST_MS);
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.length < MOST_BYTES && output.length + chunk.length >= MOST_BYTES) kill();
    output += chunk.toString();
  });
  const ended = new Promise<TerminalRun>((resolve) =>
    child.once('close', () => {
      clearTimeout(timer);
      rmSync(folder, { recursive: true });
      resolve({ output, endedBy });
    }),
  );
  return {
    ended,
    signal: (signal) => void process.kill(Number(read('pid')), signal),
    resize: (wide) => void spawnSync('stty', ['-F', read('tty'), 'cols', String(wide)]),
  };
}
