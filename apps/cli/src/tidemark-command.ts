import { Command, Option, type ErrorOptions } from 'commander';
import type { Terminal } from './terminal.js';
import { wrapLines } from '@app/process';

/** What a command says of itself. Lines may be long: they are wrapped by words. */
export interface CommandTexts {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly description: string;
  /** Whole command lines; the first stands below a wrong usage too. */
  readonly examples: readonly [string, ...string[]];
}

/** A command with its help, on this terminal; one without texts is the program itself. */
export class TidemarkCommand extends Command {
  constructor(
    name: string,
    protected readonly terminal: Terminal,
    readonly texts?: CommandTexts,
  ) {
    super(name);
    this.exitOverride()
      .helpOption('-h, --help', 'show this help')
      .configureOutput({
        writeOut: (text) => terminal.print(text),
        writeErr: (text) => terminal.complain(text),
        getOutHelpWidth: () => terminal.columns,
        getErrHelpWidth: () => terminal.columns,
      })
      .configureHelp({
        boxWrap: wrapLines,
        subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(termOf)].join(' '),
      });
    if (texts === undefined) return;
    this.summary(texts.summary).description(texts.description);
    // Not wrapped: they are copied.
    this.addHelpText('after', `\nExamples:\n${texts.examples.map((example) => `  ${example}`).join('\n')}`);
  }

  /** Adds an option that must be given. What is wrong with other words is said first: it may be this one, misspelt. */
  neededOption(
    flags: string,
    description: string,
    append?: (text: string, before?: readonly string[]) => string[],
  ): this {
    const option = new Option(flags, description);
    if (append !== undefined) option.argParser(append);
    return this.addOption(option).hook('preAction', () => {
      if (this.getOptionValue(option.attributeName()) === undefined) this.error(`error: ${flags} is missing`);
    });
  }

  /** Adds lines to the end of the help, wrapped as everything is. */
  addText(text: string): this {
    return this.addHelpText('after', () => wrapLines(text, this.terminal.columns));
  }

  /** Ends the command as asked wrongly, with its usage and an example below what is wrong. */
  override error(message: string, options?: ErrorOptions): never {
    const usage = `Usage: ${this.createHelp().commandUsage(this)}`;
    this.showHelpAfterError(
      this.texts === undefined
        ? '(tidemark --help lists what there is)'
        : `${usage}\nExample: ${this.texts.examples[0]}`,
    );
    return super.error(message, options);
  }
}

/** An argument as usages write it: `<file>`, `[ticker...]`. */
function termOf(argument: { name(): string; readonly required: boolean; readonly variadic: boolean }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
