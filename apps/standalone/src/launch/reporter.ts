import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '@app/embedded';
import { LogFile } from './log-file.js';
import { RepeatedLines } from './repeated-lines.js';
import { SlotLines } from './slot-lines.js';

/** What a reporter is made of. */
export interface ReporterOptions {
  /** Folder for the logs of the children, one file each. */
  readonly folder: string;
  /** Writes one line to the terminal. */
  readonly print: (line: string) => void;
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

/** Between two looks for slots that were held long enough. */
const LOOK_EVERY_MS = 200;

/** Everything that the children write goes to their log files; the terminal gets a line per slot, and their troubles. */
export class Reporter {
  private readonly files = new Map<string, LogFile>();
  private readonly slots = new SlotLines();
  private readonly repeated = new RepeatedLines();
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
    if (this.silent) return;
    const entry = parse(line);
    if (entry === undefined) {
      if (PLAIN_PROBLEM.test(line)) this.problem(`${name}: ${line}`);
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
      this.problem(`${name} ${level}: ${msg ?? ''}${cause}`);
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
    if (addition !== undefined && !this.silent) this.options.print(`! ${firstLine(sentence)}${addition}`);
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
    const file = this.files.get(name) ?? new LogFile(join(this.options.folder, `${name}.log`));
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
    for (const line of lines) this.options.print(line);
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

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 500);
}
