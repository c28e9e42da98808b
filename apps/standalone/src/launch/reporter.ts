import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { wrapLines } from '@app/process';
import { z } from 'zod';
import { messageOf } from '@app/embedded';
import { LogFile } from './log-file.js';
import { RepeatedLines } from './repeated-lines.js';
import { SlotLines, wrapSlotLine } from './slot-lines.js';
import { LastingEndError } from './start-error.js';

/** What a reporter is made of. */
export interface ReporterOptions {
  /** Folder for the logs of the children, one file each. */
  readonly folder: string;
  /** Writes one line to the terminal. */
  readonly print: (line: string) => void;
  /** Width of the terminal now. */
  readonly columns: () => number;
  /** A clock that never steps back, in milliseconds. */
  readonly now: () => number;
}

const logLineSchema = z.object({
  level: z.string().optional(),
  msg: z.string().optional(),
  err: z.object({ message: z.string().optional() }).optional(),
  event: z.string().optional(),
});

const slotEventSchema = z.object({
  event: z.enum(['sample_stored', 'slot_missed', 'gap_recorded']),
  ticker: z.string(),
  slot: z.number().optional(),
  source: z.string().optional(),
  outcome: z.string().optional(),
  reason: z.string().nullish(),
  price: z.string().nullish(),
  from_slot: z.number().optional(),
  to_slot: z.number().optional(),
});

const PROBLEM_LEVELS = new Set(['warn', 'error', 'fatal']);

/** What is worth a line when it comes from a program that does not write JSON: a crash, and a server that cannot go on. */
const PLAIN_PROBLEM = /^(Uncaught )?\w*Error( \[\w+\])?: |: PANIC: |No space left on device|Fatal|Out Of Memory/;

/** How many lines of the words of a child are remembered: a fault of a long catalogue has hundreds. */
const MOST_WORDS = 1_000;

/** Between two looks for slots that were held long enough. */
const LOOK_EVERY_MS = 200;

/** Everything that the children write goes to their log files; the terminal gets a line per slot, and their troubles. */
export class Reporter {
  private readonly files = new Map<string, LogFile>();
  private readonly slots = new SlotLines();
  private readonly repeated = new RepeatedLines();
  /** What each child wrote that is no JSON, since it was started last. */
  private readonly words = new Map<string, string[]>();
  private readonly timer: NodeJS.Timeout;
  private silent = false;
  private diskFault = false;
  private firstPrice: (() => void) | undefined;

  constructor(private readonly options: ReporterOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.timer = setInterval(() => this.printSlots(this.slots.due(options.now())), LOOK_EVERY_MS).unref();
  }

  /** Takes a line of a child. */
  line(name: string, line: string): void {
    this.keep(name, line);
    const entry = parse(line);
    if (entry === undefined) this.remember(name, line);
    if (this.silent) return;
    if (entry === undefined) {
      if (PLAIN_PROBLEM.test(line)) this.problem(`${name}: ${line} (${this.logOf(name)} has more)`);
      return;
    }
    const event = slotEventSchema.safeParse(entry);
    if (event.success) {
      if (event.data.outcome === 'accepted') this.announceFirstPrice();
      this.printSlots(this.slots.add(event.data, this.options.now()));
    } else {
      const { level, msg, err } = logLineSchema.safeParse(entry).data ?? {};
      if (level === undefined || !PROBLEM_LEVELS.has(level)) return;
      const cause = err?.message === undefined || msg?.includes(err.message) === true ? '' : `: ${err.message}`;
      // What is fatal has a stack there, which tells a person nothing.
      const where = err !== undefined && level === 'fatal' ? ` (${this.logOf(name)} has more)` : '';
      this.problem(`${name} ${level}: ${msg ?? ''}${cause}${where}`);
    }
  }

  /** A sentence of the launcher: to its own log file, and to the terminal. */
  note(sentence: string): void {
    this.keep('launcher', JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg: sentence }));
    this.problem(sentence);
  }

  /** Prints a trouble, unless the same was printed a moment ago. */
  private problem(sentence: string): void {
    const addition = this.repeated.admit(sentence, this.options.now());
    if (addition === undefined || this.silent) return;
    const text = `! ${sentence.trimEnd().replaceAll('\n', '\n  ')}${addition}`;
    this.options.print(wrapLines(text, this.options.columns()));
  }

  /** Where everything is that a child has written. */
  logOf(name: string): string {
    return join(this.options.folder, `${name}.log`);
  }

  /** What a child has written since it was started, without what was meant for programs. */
  wordsOf(name: string): readonly string[] {
    return this.words.get(name) ?? [];
  }

  /** A child is started anew: what it said before is no longer about it. */
  forgetWords(name: string): void {
    this.words.delete(name);
  }

  /** The end of a child of which it said itself that no new start would mend it. */
  lastingEnd(name: string): LastingEndError {
    return new LastingEndError(name, [...this.wordsOf(name), `Its log: ${this.logOf(name)}`]);
  }

  private remember(name: string, line: string): void {
    const words = this.words.get(name) ?? [];
    this.words.set(name, words);
    if (words.length < MOST_WORDS) words.push(line);
  }

  /** Calls once when the first price is stored. */
  onFirstPrice(call: () => void): void {
    this.firstPrice = call;
  }

  /** Says nothing more of what the children write, which are being ended. */
  quiet(): void {
    this.silent = true;
    clearInterval(this.timer);
  }

  /** Closes the log files. */
  close(): void {
    this.quiet();
    for (const file of this.files.values()) file.close();
  }

  private keep(name: string, line: string): void {
    const file = this.files.get(name) ?? new LogFile(this.logOf(name));
    this.files.set(name, file);
    try {
      file.write(line);
      this.diskFault = false;
    } catch (error) {
      // The system goes on without its logs when their disk is full, and says so once.
      if (!this.diskFault) this.problem(`The logs cannot be written: ${messageOf(error)}`);
      this.diskFault = true;
    }
  }

  private announceFirstPrice(): void {
    this.firstPrice?.();
    this.firstPrice = undefined;
  }

  private printSlots(lines: readonly string[]): void {
    for (const line of lines) this.options.print(wrapSlotLine(line, this.options.columns()));
  }
}

function parse(line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
