import { TidemarkCommand } from '../tidemark-command.js';
import type { Terminal } from '../terminal.js';

/** The command line of `verify`. @param work is not called when that is wrong, or help was asked for. */
export function verifyCommand(
  terminal: Terminal,
  work: (given: { readonly json?: true }) => Promise<void>,
): TidemarkCommand {
  const command = new TidemarkCommand('verify', terminal, TEXTS);
  command.option('--json', 'print one JSON object').action(work);
  return command.addText(EXIT_STATUSES);
}

const TEXTS = {
  summary: 'prove the invariants on what is stored',
  description: `Proves on what is stored that every expected price is there once, with its provenance, or has a recorded reason why it is not; where prices are simulated, each is held against the simulator's own.

Reads the database of DATABASE_URL or POSTGRES_*; without them the private stores of \`make demo\` and \`make start\` in TIDEMARK_HOME, which are started for the check when they do not run. What a database alone cannot prove is called unproven.`,
  examples: ['tidemark verify', 'tidemark verify --json'],
} as const;

const EXIT_STATUSES = `
In a checkout: make verify

Exit status: 0 nothing is broken, 1 something is, 2 nothing could be checked.`;
