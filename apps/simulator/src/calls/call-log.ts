import type { FaultKind } from '../faults/fault.js';

/** What is known of a call when it arrives. */
export interface ArrivedCall {
  readonly source: string;
  /** Path below the source's base address, e.g. `/public/get_index_price`. */
  readonly endpoint: string;
  /** What was asked for, by the source's own names. */
  readonly names: readonly string[];
  /** The tickers behind those names, as far as the source knows them. */
  readonly tickers: readonly string[];
  /** UNIX seconds with milliseconds. */
  readonly received_at: number;
  /** The UNIX second whose price is answered. */
  readonly second: number;
  readonly remote_port: number | null;
}

/** A call as the log keeps it, in the shape of `GET /simulator/calls`. */
export interface LoggedCall extends ArrivedCall {
  /** 1 for the first call, then one more for each, in the order of arrival. */
  readonly sequence: number;
  /** The status that was sent; null as long as none was. */
  status: number | null;
  /** The price texts in the answer by name, `name/currency` when several currencies were asked for; null without any. */
  prices: Readonly<Record<string, string>> | null;
  /** The fault that it met. */
  fault: FaultKind | null;
}

/** A page of the log. */
export interface CallPage {
  readonly calls: readonly LoggedCall[];
  /** The `after` of the next page. */
  readonly next: number;
  /** How many calls behind `after` the log no longer holds. */
  readonly dropped: number;
}

/** How much is kept; the oldest calls go first. */
export interface CallLimits {
  readonly calls: number;
  /** Names over all calls: one call may ask for hundreds. */
  readonly names: number;
}

const LIMITS: CallLimits = { calls: 200_000, names: 1_000_000 };

/** How many different names are counted per process; those beyond are counted together. */
const MOST_COUNTED_NAMES = 20_000;

/** What was counted of a source since the start. */
interface SourceCounter {
  calls: number;
  readonly statuses: Record<string, number>;
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly names: Record<string, number>;
  other_names: number;
}

/** Remembers every call to a simulated source: the last ones in full, all of them as counts. */
export class CallLog {
  private readonly calls = new Map<number, LoggedCall>();
  private readonly counters = new Map<string, SourceCounter>();
  private readonly limits: CallLimits;
  private last = 0;
  private keptNames = 0;
  private countedNames = 0;

  constructor(limits: Partial<CallLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
  }

  /** Enters a call that has just arrived. */
  arrived(call: ArrivedCall): LoggedCall {
    this.last += 1;
    const logged: LoggedCall = { sequence: this.last, ...call, status: null, prices: null, fault: null };
    this.calls.set(logged.sequence, logged);
    this.keptNames += logged.names.length;
    this.dropOldest();
    this.count(logged);
    return logged;
  }

  /** Notes that a call meets a fault. */
  faulted(call: LoggedCall, fault: FaultKind): void {
    call.fault = fault;
    const { faults } = this.counterOf(call.source);
    faults[fault] = (faults[fault] ?? 0) + 1;
  }

  /** Notes what a call is answered; to be said before the answer leaves, so that who has it finds it here. */
  answered(call: LoggedCall, status: number, prices: LoggedCall['prices']): void {
    call.status = status;
    call.prices = prices;
    const { statuses } = this.counterOf(call.source);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }

  /** The calls with a sequence above `after`, oldest first. */
  page(after: number, limit: number, source?: string): CallPage {
    const oldest = this.last - this.calls.size + 1;
    const calls: LoggedCall[] = [];
    let sequence = Math.max(after, oldest - 1);
    while (sequence < this.last && calls.length < limit) {
      sequence += 1;
      const call = this.calls.get(sequence);
      if (call !== undefined && (source === undefined || call.source === source)) calls.push(call);
    }
    return { calls, next: sequence, dropped: Math.max(0, oldest - 1 - after) };
  }

  /** The counts of every source that was called, since the start; never dropped. */
  totals(): { readonly calls: number; readonly sources: Readonly<Record<string, Readonly<SourceCounter>>> } {
    return { calls: this.last, sources: Object.fromEntries(this.counters) };
  }

  private dropOldest(): void {
    while (this.calls.size > this.limits.calls || this.keptNames > this.limits.names) {
      const oldest = this.calls.values().next().value;
      if (oldest === undefined || this.calls.size === 1) return;
      this.calls.delete(oldest.sequence);
      this.keptNames -= oldest.names.length;
    }
  }

  private count(call: LoggedCall): void {
    const counter = this.counterOf(call.source);
    counter.calls += 1;
    for (const name of call.names) {
      const counted = counter.names[name];
      if (counted === undefined && this.countedNames >= MOST_COUNTED_NAMES) {
        counter.other_names += 1;
      } else {
        if (counted === undefined) this.countedNames += 1;
        counter.names[name] = (counted ?? 0) + 1;
      }
    }
  }

  private counterOf(source: string): SourceCounter {
    let counter = this.counters.get(source);
    if (counter === undefined) {
      // Without a prototype, so that a name such as `constructor` counts from nothing.
      counter = {
        calls: 0,
        statuses: {},
        faults: {},
        names: Object.create(null) as Record<string, number>,
        other_names: 0,
      };
      this.counters.set(source, counter);
    }
    return counter;
  }
}
