import { setMaxListeners } from 'node:events';
import type { Fault } from './fault.js';
import type { SourceName } from './source-names.js';

/** A fault that has not ended. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  /** UNIX seconds with milliseconds. */
  readonly startedAt: number;
  /** Aborts when the fault ends, by itself or by hand. */
  readonly ended: AbortSignal;
  /** How many calls have met it. */
  readonly calls: number;
}

interface Entry extends ActiveFault {
  calls: number;
  readonly end: () => void;
}

/** How many faults may be active at once. */
export const MOST_ACTIVE_FAULTS = 1_000;

/**
 * The faults that are active. They end by themselves, by a timer of the process and not by the movable clock: a hanging
 * connection is cut in real time.
 */
export class FaultBoard {
  private readonly entries = new Map<number, Entry>();
  private lastId = 0;

  /**
   * @param now clock in milliseconds since 1970, for what is reported.
   * @param draw from 0 up to 1, for faults with a probability.
   */
  constructor(
    private readonly now: () => number = Date.now,
    private readonly draw: () => number = Math.random,
  ) {}

  /** Starts a fault; undefined when {@link MOST_ACTIVE_FAULTS} are active. */
  start(fault: Fault): ActiveFault | undefined {
    if (this.entries.size >= MOST_ACTIVE_FAULTS) return undefined;
    this.lastId += 1;
    const id = this.lastId;
    const controller = new AbortController();
    // Every hanging call listens for the end; hundreds are no leak.
    setMaxListeners(0, controller.signal);
    const end = (): void => {
      clearTimeout(timer);
      this.entries.delete(id);
      controller.abort();
    };
    const timer = setTimeout(end, fault.seconds * 1000);
    const entry: Entry = { id, fault, startedAt: this.now() / 1000, ended: controller.signal, calls: 0, end };
    this.entries.set(id, entry);
    return entry;
  }

  /** The active faults, oldest first. */
  list(): readonly ActiveFault[] {
    return [...this.entries.values()];
  }

  /** The active faults that a call meets, newest first; each is counted. */
  meet(source: SourceName, names: readonly string[]): readonly ActiveFault[] {
    const met = [...this.entries.values()].filter(
      ({ fault }) =>
        (fault.source === undefined || fault.source === source) &&
        (fault.ticker === undefined || names.includes(fault.ticker)) &&
        (fault.probability === undefined || this.draw() < fault.probability),
    );
    for (const entry of met) entry.calls += 1;
    return met.reverse();
  }

  /** Ends one fault, or all. @returns the ids of those that ended now. */
  end(id?: number): readonly number[] {
    const ending = [...this.entries.values()].filter((entry) => id === undefined || entry.id === id);
    for (const entry of ending) entry.end();
    return ending.map((entry) => entry.id);
  }
}
