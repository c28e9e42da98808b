/** The most that came within any range of some length. */
export interface Peak {
  readonly calls: number;
  /** The most weight within any such range; not always that of the most calls. */
  readonly weight: number;
  /** When the range with the most calls began, in UNIX seconds; null without any call. */
  readonly from: number | null;
}

/** Peaks of these lengths, in seconds, are kept exactly for ever; of others as far back as calls are remembered. */
export const LASTING_WINDOWS: readonly number[] = [1, 10, 60, 300, 600, 3_600];

/** How many calls are remembered per source: 1.7 MB, and 25 minutes of 200 calls a second. */
const MOST_REMEMBERED = 300_000;
const MOST_MONTHS = 24;
const MINUTE_MS = 60_000;

interface LastingPeak {
  readonly lengthMs: number;
  /** First call that lies within the length of the last one. */
  tail: number;
  weight: number;
  peak: { calls: number; weight: number; from: number | null };
}

/**
 * When the calls to one source came and what they weighed: the last ones each, all of them as peaks and as counts per month. A
 * sliding window of n seconds holds the calls less than n seconds apart.
 */
export class CallWindows {
  private readonly times: number[] = [];
  private readonly weights: number[] = [];
  private readonly monthCounts = new Map<string, number>();
  private readonly lasting: LastingPeak[];
  private total = 0;
  private minute = -1;
  private minuteWeight = 0;

  /** @param capacity how many calls are remembered. */
  constructor(private readonly capacity = MOST_REMEMBERED) {
    this.lasting = LASTING_WINDOWS.map((seconds) => ({
      lengthMs: seconds * 1000,
      tail: 0,
      weight: 0,
      peak: { calls: 0, weight: 0, from: null },
    }));
  }

  /**
   * Counts a call.
   * @returns the weight of the running minute by the clock, this call included: what Binance tells in its header.
   */
  arrived(timeMs: number, weight: number): number {
    const index = this.total;
    this.total += 1;
    for (const lasting of this.lasting) this.forget(lasting, index - this.capacity);
    this.times[index % this.capacity] = timeMs;
    this.weights[index % this.capacity] = weight;
    for (const lasting of this.lasting) this.slide(lasting, index, timeMs, weight);
    this.countMonth(timeMs);
    const minute = Math.floor(timeMs / MINUTE_MS);
    this.minuteWeight = minute === this.minute ? this.minuteWeight + weight : weight;
    this.minute = minute;
    return this.minuteWeight;
  }

  /** The peak of any window; exact for {@link LASTING_WINDOWS}, for others over the calls that are remembered. */
  peak(seconds: number): Peak {
    const lasting = this.lasting.find(({ lengthMs }) => lengthMs === seconds * 1000);
    if (lasting !== undefined) return { ...lasting.peak };
    const peak: LastingPeak = {
      lengthMs: seconds * 1000,
      tail: this.forgotten,
      weight: 0,
      peak: { calls: 0, weight: 0, from: null },
    };
    for (let index = this.forgotten; index < this.total; index += 1) {
      this.slide(peak, index, this.times[index % this.capacity] ?? 0, this.weights[index % this.capacity] ?? 0);
    }
    return peak.peak;
  }

  /** How many of the first calls are no longer remembered one by one. */
  get forgotten(): number {
    return Math.max(0, this.total - this.capacity);
  }

  /** Calls per month in UTC, e.g. `2026-11`; the last two years. */
  months(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.monthCounts);
  }

  private slide(window: LastingPeak, index: number, timeMs: number, weight: number): void {
    window.weight += weight;
    while (timeMs - (this.times[window.tail % this.capacity] ?? timeMs) >= window.lengthMs) {
      window.weight -= this.weights[window.tail % this.capacity] ?? 0;
      window.tail += 1;
    }
    const calls = index - window.tail + 1;
    const { peak } = window;
    if (calls > peak.calls) {
      peak.calls = calls;
      peak.from = (this.times[window.tail % this.capacity] ?? timeMs) / 1000;
    }
    if (window.weight > peak.weight) peak.weight = window.weight;
  }

  /** Lets a call go whose place is needed: a window with more calls than are remembered tells too little from then on. */
  private forget(window: LastingPeak, index: number): void {
    if (window.tail !== index) return;
    window.weight -= this.weights[index % this.capacity] ?? 0;
    window.tail += 1;
  }

  private countMonth(timeMs: number): void {
    const month = new Date(timeMs).toISOString().slice(0, 7);
    this.monthCounts.set(month, (this.monthCounts.get(month) ?? 0) + 1);
    const oldest = this.monthCounts.keys().next().value;
    if (this.monthCounts.size > MOST_MONTHS && oldest !== undefined) this.monthCounts.delete(oldest);
  }
}
