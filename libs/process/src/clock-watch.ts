import { PROCESS_FINDINGS } from './readiness-findings.js';

/** A process whose clock is further from the database's than this is not ready, in milliseconds. */
export const MAX_CLOCK_OFFSET_MS = 250;

/** What was last measured of the clock. */
export interface ClockOffset {
  /** This process's clock minus the database's, in milliseconds. */
  readonly offsetMs: number;
  /** How long the question took; the offset is known to half of this. */
  readonly roundTripMs: number;
}

/** Hears what was measured. */
export type ClockListener = (isTrue: boolean, offset: ClockOffset) => void;

/** Knows the offset of this process's clock to the database's, which is the clock that all processes share. */
export class ClockWatch {
  private readonly listeners = new Set<ClockListener>();
  private last: ClockOffset | undefined;

  /**
   * @param askDatabaseMs answers the database's clock in milliseconds since 1970.
   * @param now this process's clock in milliseconds since 1970.
   */
  constructor(
    private readonly askDatabaseMs: () => Promise<number>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Asks once. @throws what the database throws. */
  async measure(): Promise<ClockOffset> {
    const before = this.now();
    const started = performance.now();
    const databaseMs = await this.askDatabaseMs();
    const roundTripMs = performance.now() - started;
    const measured = { offsetMs: Math.round(before + roundTripMs / 2 - databaseMs), roundTripMs };
    this.last = measured;
    for (const listener of this.listeners) listener(this.isTrue(), measured);
    return measured;
  }

  /**
   * Hears of every measurement from here on, whoever makes it: whether the clock is true. One that fails leaves the last one standing:
   * the database being away says nothing about the clock.
   * @returns ends it.
   */
  onMeasured(listener: ClockListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The last measurement; undefined before the first. */
  offset(): ClockOffset | undefined {
    return this.last;
  }

  /** Why the clock is not to be trusted, in one sentence; undefined when it is. */
  whyUntrue(): string | undefined {
    if (this.isTrue()) return undefined;
    if (this.last === undefined) return PROCESS_FINDINGS.clockNotCompared();
    return PROCESS_FINDINGS.clockOff(Math.abs(this.last.offsetMs), MAX_CLOCK_OFFSET_MS);
  }

  /** Whether the clock is close enough; a slow answer is given the benefit of its own uncertainty. False before the first measurement. */
  isTrue(): boolean {
    return this.last !== undefined && Math.abs(this.last.offsetMs) <= MAX_CLOCK_OFFSET_MS + this.last.roundTripMs / 2;
  }
}
