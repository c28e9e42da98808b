import { CallWindows, type Peak } from './call-windows.js';

/** How often a source was called. */
export interface SourceRates {
  /** The most calls and weight in any sliding window, by its length in seconds. */
  readonly peaks: Readonly<Record<string, Peak>>;
  /** Calls per month in UTC. */
  readonly months: Readonly<Record<string, number>>;
  /** How many of the first calls are no longer in the peaks of windows that were not kept from the start. */
  readonly forgotten: number;
}

/** How often each source was called: what a test needs to prove that no limit was exceeded. */
export class CallRates {
  private readonly windows = new Map<string, CallWindows>();

  /** Counts a call. @returns the weight of the source's running minute, this call included. */
  arrived(source: string, timeMs: number, weight: number): number {
    const windows = this.windows.get(source) ?? new CallWindows();
    this.windows.set(source, windows);
    return windows.arrived(timeMs, weight);
  }

  /** @param seconds lengths of the windows asked for. */
  of(source: string, seconds: readonly number[]): SourceRates {
    const windows = this.windows.get(source) ?? new CallWindows();
    return {
      peaks: Object.fromEntries(seconds.map((length) => [String(length), windows.peak(length)])),
      months: windows.months(),
      forgotten: windows.forgotten,
    };
  }
}
