import { setMaxListeners } from 'node:events';
import { isWriting, type Fault, type WritingFault } from './fault.js';

/** A fault that has not ended: one that is on, or one that is planned. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly state: 'planned' | 'active' | 'ended';
  /** UNIX seconds with milliseconds. */
  readonly startedAt: number;
  readonly endsAt: number;
  /** Aborts when the fault ends, by itself or by hand. */
  readonly ended: AbortSignal;
  /** How many calls have met it. */
  readonly calls: number;
}

/** What a call is, for the faults. */
export interface FaultyCall {
  readonly source: string;
  readonly names: readonly string[];
  /** Asks for everything, so that it meets the faults of every name. */
  readonly all?: boolean;
  /** Path below the source's base address. */
  readonly endpoint?: string;
}

interface Entry extends ActiveFault {
  calls: number;
  state: ActiveFault['state'];
  endsAt: number;
  timer: NodeJS.Timeout | undefined;
  readonly controller: AbortController;
}

/** How many faults may be active or planned at once. */
export const MOST_ACTIVE_FAULTS = 1_000;
/** How many ended ones are remembered: the expected prices of the past depend on them. */
const MOST_ENDED_FAULTS = 1_000;

/**
 * The faults. One without `from` starts at once and ends by itself, by a timer of the process and not by the movable clock: a
 * hanging connection is cut in real time. One with `from` is on when the clock says so; a connection that hangs in it is cut
 * as long after as the clock then said.
 */
export class FaultStore {
  private readonly entries = new Map<number, Entry>();
  private readonly past: Entry[] = [];
  private lastId = 0;

  /**
   * @param now clock in milliseconds since 1970.
   * @param draw from 0 up to 1, for faults with a probability.
   */
  constructor(
    private readonly now: () => number = Date.now,
    private readonly draw: () => number = Math.random,
  ) {}

  /** Starts or plans a fault; undefined when {@link MOST_ACTIVE_FAULTS} are. */
  start(fault: Fault): ActiveFault | undefined {
    this.advance();
    if (this.entries.size >= MOST_ACTIVE_FAULTS) return undefined;
    this.lastId += 1;
    const controller = new AbortController();
    // Every hanging call listens for the end; hundreds are no leak.
    setMaxListeners(0, controller.signal);
    const startedAt = fault.from ?? this.now() / 1000;
    const entry: Entry = {
      id: this.lastId,
      fault,
      state: 'planned',
      startedAt,
      endsAt: fault.to ?? startedAt + (fault.seconds ?? 0),
      ended: controller.signal,
      calls: 0,
      timer: undefined,
      controller,
    };
    this.entries.set(entry.id, entry);
    if (fault.from === undefined) this.activate(entry);
    else this.advance();
    return entry;
  }

  /** The active and planned faults, oldest first. */
  list(): readonly ActiveFault[] {
    this.advance();
    return [...this.entries.values()];
  }

  /** The last faults that have ended, oldest first. */
  ended(): readonly ActiveFault[] {
    this.advance();
    return this.past;
  }

  /** The active faults that a call meets, newest first; each is counted. */
  meet({ source, names, all, endpoint }: FaultyCall): readonly ActiveFault[] {
    this.advance();
    const met = [...this.entries.values()].filter(
      ({ fault, state }) =>
        state === 'active' &&
        (fault.source === undefined || fault.source === source) &&
        (fault.ticker === undefined || all === true || names.includes(fault.ticker)) &&
        (fault.endpoint === undefined || fault.endpoint === endpoint) &&
        (fault.probability === undefined || this.draw() < fault.probability),
    );
    for (const entry of met) {
      entry.calls += 1;
      // The last call that it strikes still meets it; only its signal must not cut that call off.
      if (entry.calls === entry.fault.times) this.retire(entry);
      else entry.timer ??= this.timerOf(entry);
    }
    return met.reverse();
  }

  /** The names that a source does not list now, also for calls that do not ask for them. */
  delisted(source: string): ReadonlySet<string> {
    this.advance();
    const names = [...this.entries.values()].flatMap(({ fault, state }) =>
      fault.kind === 'delisted' && state === 'active' && (fault.source ?? source) === source
        ? [fault.ticker ?? '']
        : [],
    );
    return new Set(names);
  }

  /** The faults, ended ones too, that change what a source writes of a name at a second, newest first. */
  writingAt(source: string, name: string, second: number): readonly WritingFault[] {
    this.advance();
    return [...this.past, ...this.entries.values()]
      .filter(
        ({ fault, startedAt, endsAt }) =>
          (fault.source === undefined || fault.source === source) &&
          (fault.ticker === undefined || fault.ticker === name) &&
          second >= Math.floor(startedAt) &&
          second <= Math.floor(endsAt),
      )
      .flatMap((entry) => writingOf(entry))
      .reverse();
  }

  /** Ends one fault, or all. @returns the ids of those that ended now. */
  end(id?: number): readonly number[] {
    const ending = [...this.entries.values()].filter((entry) => id === undefined || entry.id === id);
    for (const entry of ending) this.finish(entry, this.now() / 1000);
    // Faults that have struck often enough still hold the calls that they struck.
    for (const entry of this.past) if (id === undefined || entry.id === id) this.release(entry);
    return ending.map((entry) => entry.id);
  }

  /** Starts and ends what the clock has come to. */
  private advance(): void {
    const second = this.now() / 1000;
    for (const entry of this.entries.values()) {
      if (entry.fault.from === undefined) continue;
      if (second >= entry.endsAt) this.finish(entry, entry.endsAt);
      else entry.state = second >= entry.startedAt ? 'active' : 'planned';
    }
  }

  private activate(entry: Entry): void {
    entry.state = 'active';
    entry.timer = this.timerOf(entry);
  }

  private timerOf(entry: Entry): NodeJS.Timeout {
    const remainingMs = entry.endsAt * 1000 - this.now();
    return setTimeout(() => this.finish(entry, entry.endsAt), Math.max(0, remainingMs));
  }

  private finish(entry: Entry, at: number): void {
    this.retire(entry, at);
    this.release(entry);
  }

  private release(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.controller.abort();
  }

  /** Removes a fault without ending what it does to the calls that it has struck. */
  private retire(entry: Entry, at = this.now() / 1000): void {
    if (!this.entries.delete(entry.id)) return;
    entry.timer ??= this.timerOf(entry);
    entry.state = 'ended';
    entry.endsAt = at;
    // One that was planned and never began changes no expected price.
    if (at >= entry.startedAt) this.past.push(entry);
    if (this.past.length > MOST_ENDED_FAULTS) this.past.shift();
  }
}

/** A fault as the writer takes it; none when it is of another kind. */
export function writingOf({ fault, startedAt }: ActiveFault): readonly WritingFault[] {
  if (!isWriting(fault)) return [];
  const frozenAt = fault.kind === 'frozen' ? (fault.at ?? Math.floor(startedAt)) : Math.floor(startedAt);
  return [{ fault, frozenAt }];
}
