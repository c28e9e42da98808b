import type { Terminal } from '../../apps/cli/src/terminal.js';

/** A terminal that keeps what is written to it. */
export interface KeptTerminal extends Terminal {
  readonly printed: () => string;
  readonly complained: () => string;
}

/** A terminal for a test. @param input what stands on standard input. */
export function keptTerminal(
  options: { input?: Uint8Array; nowMs?: number; environment?: NodeJS.ProcessEnv } = {},
): KeptTerminal {
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
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
