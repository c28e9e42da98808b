import { wrapLines } from '@app/process';

/** What a process says about a slot; unknown fields are ignored. */
export interface SlotEvent {
  readonly event: 'sample_stored' | 'slot_missed' | 'gap_recorded';
  readonly ticker: string;
  readonly slot?: number | undefined;
  readonly source?: string | undefined;
  readonly outcome?: string | undefined;
  readonly reason?: string | null | undefined;
  readonly price?: string | null | undefined;
  readonly from_slot?: number | undefined;
  readonly to_slot?: number | undefined;
}

interface OpenSlot {
  readonly openedMs: number;
  /** By ticker. */
  readonly prices: Map<string, string[]>;
  readonly faults: Map<string, string[]>;
}

/** A slot is shown at the latest this long after its first sample: a ticker that comes later gets a line of its own. */
const HOLD_MS = 1_000;

/** A ticker that was in none of so many slots is no longer waited for. */
const RECENT_SLOTS = 5;

/** More slots than this are never held open at once. */
const MAX_OPEN_SLOTS = 50;

/** Gathers what the processes say about slots into one line per slot. Pure: "now" is an argument, in milliseconds of any clock. */
export class SlotLines {
  private readonly open = new Map<number, OpenSlot>();
  /** Tickers of the last slots, by slot: when all of them have a price, a slot is shown at once. */
  private readonly recent = new Map<number, Set<string>>();

  /** Takes an event in, and gives the lines that are due by it. */
  add(event: SlotEvent, nowMs: number): string[] {
    if (event.event === 'gap_recorded') return gapLine(event);
    if (event.slot === undefined) return [];
    const lines = this.showBefore(event.slot);
    const slot = this.open.get(event.slot) ?? { openedMs: nowMs, prices: new Map(), faults: new Map() };
    this.open.set(event.slot, slot);
    if (event.outcome === 'accepted') put(slot.prices, event.ticker, `${event.price} ${event.source}`);
    else put(slot.faults, event.ticker, fault(event));
    if (this.isComplete(slot)) lines.push(this.show(event.slot, slot));
    return lines;
  }

  /** The lines of slots that were held for long enough. */
  due(nowMs: number): string[] {
    const overdue = [...this.open].filter(([, slot]) => nowMs - slot.openedMs >= HOLD_MS);
    return overdue.sort(([a], [b]) => a - b).map(([time, slot]) => this.show(time, slot));
  }

  /** A sample of a later slot ends the wait for the earlier ones. */
  private showBefore(time: number): string[] {
    const earlier = [...this.open.keys()].filter((other) => other < time || this.open.size >= MAX_OPEN_SLOTS);
    return earlier
      .sort((a, b) => a - b)
      .flatMap((other) => {
        const slot = this.open.get(other);
        return slot === undefined ? [] : [this.show(other, slot)];
      });
  }

  private isComplete(slot: OpenSlot): boolean {
    const expected = [...this.recent.values()].flatMap((tickers) => [...tickers]);
    return expected.length > 0 && expected.every((ticker) => slot.prices.has(ticker));
  }

  private show(time: number, slot: OpenSlot): string {
    this.open.delete(time);
    const tickers = [...new Set([...slot.prices.keys(), ...slot.faults.keys()])].sort();
    this.remember(time, tickers);
    const words = tickers.map((ticker) => {
      const prices = slot.prices.get(ticker);
      return `${ticker} ${prices === undefined ? `missing: ${slot.faults.get(ticker)?.join(', ')}` : prices.join(', ')}`;
    });
    return `${clock(time)}  ${words.join('   ')}`;
  }

  private remember(time: number, tickers: readonly string[]): void {
    this.recent.set(time, new Set([...(this.recent.get(time) ?? []), ...tickers]));
    const oldest = this.recent.keys().next();
    if (this.recent.size > RECENT_SLOTS && oldest.done !== true) this.recent.delete(oldest.value);
  }
}

/** Below the tickers of the first row. */
const ROW_INDENT = 11;

/** Stands for a space at which a row is not broken. */
const GLUE = '\u0001';

/** Breaks the line of a slot that is too long between tickers, and one ticker that is too long between its words. */
export function wrapSlotLine(line: string, columns: number): string {
  const glued = line.replace(/(?<=\S) (?=\S)/g, GLUE);
  const rows = wrapLines(glued, columns, ROW_INDENT).replaceAll(GLUE, ' ').split('\n');
  return rows.map((row, index) => wrapLines(row, columns, index === 0 ? ROW_INDENT : 2)).join('\n');
}

/** A slot as a time of day in UTC, e.g. `12:34:55Z`. */
function clock(slot: number): string {
  return `${new Date(slot * 1000).toISOString().slice(11, 19)}Z`;
}

function fault({ source, outcome, reason }: SlotEvent): string {
  return [source, outcome === 'missed' ? undefined : outcome, reason].filter((word) => word != null).join(' ');
}

function gapLine({ ticker, from_slot: from, to_slot: to, reason }: SlotEvent): string[] {
  if (from === undefined || to === undefined) return [];
  const text = (slot: number): string => new Date(slot * 1000).toISOString().replace('.000', '');
  return [`${ticker} has a gap from ${text(from)} to ${text(to)}: ${reason}`];
}

function put(map: Map<string, string[]>, ticker: string, text: string): void {
  const texts = map.get(ticker) ?? [];
  if (!texts.includes(text)) texts.push(text);
  map.set(ticker, texts);
}
