import { CommanderError } from 'commander';
import type { Terminal } from './terminal.js';
import { TidemarkCommand } from './tidemark-command.js';

/** How a command ends that is a program of its own. */
export interface AloneOptions {
  /** The status that its work has come to. */
  readonly status: () => number;
  /** The status when it was asked wrongly, or could not be done. */
  readonly whenMisused: number;
  /** Stands before why it could not be done. */
  readonly failure: string;
  readonly terminal: Terminal;
}

/** Runs a command of tidemark by itself, without loading the others. Never throws. @returns the exit status. */
export async function runAlone(
  command: TidemarkCommand,
  words: readonly string[],
  { terminal, status, whenMisused, failure }: AloneOptions,
): Promise<number> {
  try {
    // Below a program, so that its usage begins with the name of that.
    const program = new TidemarkCommand('tidemark', terminal);
    program.addCommand(command);
    await program.parseAsync([command.name(), ...words], { from: 'user' });
    return status();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : whenMisused;
    terminal.complain(`${failure}: ${error instanceof Error ? error.message : String(error)}\n`);
    return whenMisused;
  }
}
