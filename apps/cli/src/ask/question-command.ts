import type { Terminal } from '../terminal.js';
import { TidemarkCommand, type CommandTexts } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';
import { wrapLines } from '@app/process';
import { ApiClient } from './api-client.js';

/** What a question has at hand. */
export interface QuestionContext {
  readonly api: ApiClient;
  /** Whether the API's own answers are printed, one a line. */
  readonly asJson: boolean;
  readonly terminal: Terminal;
  /** Says what has no answer; the command goes on with the rest and ends with the status of the worst. */
  readonly fail: (error: unknown) => void;
}

/** What every question may be given. */
export interface QuestionOptions {
  readonly api?: string;
  readonly json?: true;
}

/** A command that asks an API for what is stored. */
export class QuestionCommand extends TidemarkCommand {
  /** @param finish receives the status of a question that was answered in part. */
  constructor(
    name: string,
    terminal: Terminal,
    { description, ...texts }: CommandTexts,
    private readonly finish: (status: number) => void,
  ) {
    super(name, terminal, { ...texts, description: `${description}\n\n${WHO_ANSWERS}` });
    this.option('--api <url>', 'the API to ask (default: API_URL, else see above)');
    this.option('--json', "print the API's own answers, one a line");
  }

  /** Finds an API, asks it, and ends what was started for that, whatever happens. */
  async ask(
    { api: address, json }: QuestionOptions,
    question: (context: QuestionContext) => Promise<void>,
  ): Promise<void> {
    // Only here: what leads to a database takes longer to load than the help.
    const { findApi } = await import('./find-api.js');
    const api = await findApi(address, this.terminal);
    try {
      await question({
        api: new ApiClient(api, this.terminal.signal),
        asJson: json === true,
        terminal: this.terminal,
        fail: (error) => this.failInPart(error),
      });
    } finally {
      await api.release();
    }
  }

  private failInPart(error: unknown): void {
    if (this.terminal.signal?.aborted === true || !(error instanceof Error)) throw error;
    this.terminal.complain(`error: ${error.message}\n`);
    this.finish(error instanceof UsageError ? 2 : 1);
  }
}

/** Prints sentences for a person, wrapped. */
export function printLines(terminal: Terminal, ...lines: readonly string[]): void {
  terminal.print(lines.map((line) => `${wrapLines(line, terminal.columns)}\n`).join(''));
}

const WHO_ANSWERS = `Asks the API of --api or API_URL; without them the one of this machine (PORT, API_PORT), and when none runs there, or only a database or TIDEMARK_MODE is named, one that is started for the question: on the database of DATABASE_URL or POSTGRES_*, else on the private stores of \`make demo\` and \`make start\` in TIDEMARK_HOME. Standard error says who is asked, and when its prices are simulated.

A ticker and a time may be written in every way that the API understands: btc_usd or BTC/USD, 1766000000 or 2025-12-17T19:33:20Z. What the API refuses, an unknown ticker too, ends with status 2; what has no answer with 1.`;
