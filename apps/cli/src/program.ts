import { SettingsError } from '@app/config';
import { CommanderError } from 'commander';
import { explainCommand } from './ask/explain.command.js';
import { gapsCommand } from './ask/gaps.command.js';
import { latestCommand } from './ask/latest.command.js';
import { pricesCommand } from './ask/prices.command.js';
import { tickersCommand } from './ask/tickers.command.js';
import { didYouMean } from './did-you-mean.js';
import { etlCommand } from './etl/etl.command.js';
import { fetchCommand } from './fetch/fetch.command.js';
import { parseCommand } from './parse/parse.command.js';
import { PROCESS_COMMANDS, type ProcessCommand } from './processes.js';
import { replayCommand } from './replay/replay-arguments.js';
import { sourcesCommand } from './sources/sources.command.js';
import type { Terminal } from './terminal.js';
import { TidemarkCommand } from './tidemark-command.js';
import { UsageError } from './usage-error.js';
import { verifyCommand } from './verify/verify-arguments.js';
import { VERSION } from './version.js';

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
    return error instanceof UsageError || error instanceof SettingsError ? EXIT.misused : EXIT.failed;
  }
}

/** The commands of the command line. @param outcome receives the status of a command that ran and did not succeed. */
function createProgram(terminal: Terminal, outcome: { status: number }): TidemarkCommand {
  const program = new TidemarkCommand('tidemark', terminal);
  program
    .usage('<command> [options]')
    .addHelpText('before', 'Tidemark: crypto prices on a clock, every one of them kept.\n')
    .helpCommand(false)
    .version(VERSION, '-V, --version', 'show the version of this build');
  const finish = (status: number): void => void (outcome.status = Math.max(outcome.status, status));
  const questions = [latestCommand, pricesCommand, gapsCommand, explainCommand, tickersCommand];
  const groups = {
    'Ask for what is stored (an API, or the stores of make demo and make start):': questions.map((make) =>
      make(terminal, finish),
    ),
    'Without a database:': [
      sourcesCommand(terminal),
      fetchCommand(terminal, () => finish(EXIT.failed)),
      parseCommand(terminal),
    ],
    'Look after what is stored:': [
      ...processCommands('care', terminal),
      etlCommand(terminal, () => finish(EXIT.failed)),
    ],
    'Processes, configured by the environment (docs/configuration.md):': processCommands('process', terminal),
  };
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command);
  }
  program.addCommand(helpCommand(program, terminal), { hidden: true });
  return program.addText(`\nExamples:\n${examplesOf(program).join('\n')}\n${CLOSING}`);
}

/** `help verify`, as `verify --help`; that of commander shows everything for a name that is wrong. */
function helpCommand(program: TidemarkCommand, terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('help', terminal);
  command.argument('[command]').action((name: string | undefined) => {
    const known = program.commands.find((candidate) => candidate.name() === name);
    if (known === undefined && name !== undefined) {
      const names = program.commands.map((candidate) => candidate.name());
      program.error(`error: unknown command '${name}'${didYouMean(name, names)}`);
    }
    (known ?? program).help();
  });
  return command;
}

/** The first example of each command, where that says more than the list of commands. */
function examplesOf({ commands }: TidemarkCommand): string[] {
  return commands.flatMap((command) => {
    const example = command instanceof TidemarkCommand ? command.texts?.examples[0] : undefined;
    return example === undefined || example === `tidemark ${command.name()}` ? [] : [`  ${example}`];
  });
}

/** For the help, and for what is wrong with their words: main.ts runs them before this file is loaded. */
function processCommands(group: ProcessCommand['group'], terminal: Terminal): TidemarkCommand[] {
  const notHere = (): never => {
    throw new Error('This command is run by the entry point of tidemark.');
  };
  const withOptions: Record<string, () => TidemarkCommand> = {
    verify: () => verifyCommand(terminal, notHere),
    replay: () => replayCommand(terminal, notHere),
  };
  return PROCESS_COMMANDS.filter((command) => command.group === group).map(
    (command) => withOptions[command.name]?.() ?? processCommand(command, terminal, notHere),
  );
}

function processCommand(
  { name, summary, description, reads }: ProcessCommand,
  terminal: Terminal,
  notHere: () => never,
): TidemarkCommand {
  const environment = `Reads ${reads.join(', ')}, ...: docs/configuration.md`;
  const texts = { summary, description: `${description}\n\n${environment}`, examples: [`tidemark ${name}`] } as const;
  const command = new TidemarkCommand(name, terminal, texts);
  command.action(notHere);
  return command;
}

const CLOSING = `
\`tidemark help <command>\` says more. In a checkout \`npm run -s cli --\` stands for \`tidemark\`.

Exit status: 0 done, 1 not done (its output says why), 2 asked wrongly.`;
