import { wrapLines } from '@app/process';
import type { Terminal } from '../../apps/cli/src/terminal.js';

/** A terminal that keeps what is written to it. */
export interface KeptTerminal extends Terminal {
  readonly printed: () => string;
  readonly complained: () => string;
}

/** So many that no line is wrapped. */
const MANY_COLUMNS = 10_000;

/** How a terminal for a test is made. */
export interface KeptTerminalOptions {
  /** What stands on standard input. */
  readonly input?: Uint8Array;
  readonly nowMs?: number;
  readonly environment?: NodeJS.ProcessEnv;
  /** How wide it is; by default sentences stand in one line each. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

/** A terminal for a test. */
export function keptTerminal(options: KeptTerminalOptions = {}): KeptTerminal {
  const { columns = MANY_COLUMNS } = options;
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(wrapLines(text, columns)),
    columns,
    signal: options.signal,
    input: (async function* () {
      yield options.input ?? new Uint8Array();
    })(),
    progress: () => ({ say: (text) => void complained.push(`${text}\n`), end: () => undefined }),
    environment: options.environment ?? {},
    now: () => options.nowMs ?? Date.now(),
    printed: () => printed.join(''),
    complained: () => complained.join(''),
  };
}
