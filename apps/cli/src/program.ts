import { Command, CommanderError } from 'commander';
import { fetchCommand } from './fetch/fetch.command.js';
import { parseCommand } from './parse/parse.command.js';
import { PROCESS_COMMANDS } from './processes.js';
import { sourcesCommand } from './sources/sources.command.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** Exit statuses: the command did what was asked; it did not; it was asked wrongly. */
export const EXIT = { done: 0, failed: 1, misused: 2 } as const;

/** Runs one command line. Never throws. @returns the status to end the process with. */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  const outcome = { status: EXIT.done as number };
  try {
    await createProgram(terminal, outcome).parseAsync(words, { from: 'user' });
    return outcome.status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.misused;
    const isInterrupted = terminal.signal?.aborted === true && error instanceof Error && error.name === 'AbortError';
    const message = error instanceof Error ? error.message : String(error);
    terminal.complain(`error: ${isInterrupted ? 'interrupted' : message}\n`);
    return error instanceof UsageError ? EXIT.misused : EXIT.failed;
  }
}

/** The commands of the command line. @param outcome receives the status of a command that ran and did not succeed. */
function createProgram(terminal: Terminal, outcome: { status: number }): Command {
  const program = new Command('tidemark')
    .description('Tidemark: its processes, and what a source answers, how it is read, and what its limits are.')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text),
      writeErr: (text) => terminal.complain(text),
    });
  program.commandsGroup('Without a database:');
  const fail = (): void => void (outcome.status = EXIT.failed);
  const commands = [parseCommand(terminal), sourcesCommand(terminal), fetchCommand(terminal, fail)];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  program.commandsGroup('Processes, configured by the environment (docs/configuration.md):');
  // For the help: main.ts runs them before this file is loaded.
  for (const { name, description } of PROCESS_COMMANDS) program.command(name).description(description);
  return program;
}

const EXAMPLES = `
Examples:
  tidemark sources
  tidemark fetch --ticker btc_usd --source kraken
  tidemark fetch --assets bitcoin,ethereum,solana --out data
  tidemark parse --source coingecko --tickers btc_usd --status 200 answer.json

In a checkout \`npm run -s cli --\` stands for \`tidemark\`. These have help of their own: tidemark fetch --help

Exit status: 0 done, 1 not done (its output says why), 2 asked wrongly.`;
