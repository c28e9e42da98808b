import type { WritingFault } from '../faults/fault.js';
import { syntheticNumber } from '../market/assets.js';
import type { PriceBook } from '../market/price-book.js';
import { inverseText } from '../market/price-text.js';
import { misspelt, retyped, valueFaultText } from '../faults/spoil-price.js';

/** What a writer writes with. */
export interface PriceWriterOptions {
  readonly source: string;
  readonly prices: PriceBook;
  /** How many made-up assets are switched on. */
  readonly syntheticCount: number;
  /** When the call arrived, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Microseconds since then. */
  readonly elapsedMicroseconds: () => number;
  /** Weight that the source has counted in the running minute, this call included. */
  readonly usedWeight: number;
  /** The names that the source does not list now. */
  readonly delisted: ReadonlySet<string>;
  /** The faults that change what is written, newest first. */
  readonly faults: readonly WritingFault[];
}

/** How a price is to be written. */
export interface PriceOptions {
  /** Writes the inverse: units of the coin for one unit of money. */
  readonly inverted?: boolean;
  /** Rounds the price with all its digits to what the answer holds. */
  readonly rounded?: (full: string) => string;
}

/** More prices of one answer are not remembered in the log: they would fill it. */
const MOST_REMEMBERED = 2_000;

/**
 * Writes the prices of one answer. Every price of every source passes here, so that the faults that change what is written are
 * in one place: a price that is off, zero or frozen, a field with another name or type, a name that is missing.
 */
export class PriceWriter {
  /** The second whose prices are answered: that of the call, or an old one while the source is frozen. */
  readonly second: number;
  /** The same in milliseconds, for answers that hold a time of the price. */
  readonly clockMs: number;
  /** The texts that were written, by name. */
  readonly written: Record<string, string> = Object.create(null) as Record<string, string>;
  private count = 0;
  private omitted: string | undefined;

  constructor(private readonly options: PriceWriterOptions) {
    const frozen = options.faults.find(({ fault }) => fault.kind === 'frozen');
    this.second = frozen?.frozenAt ?? Math.floor(options.nowMs / 1000);
    this.clockMs = frozen === undefined ? options.nowMs : this.second * 1000;
  }

  /** The clock of the source itself, in milliseconds: goes on when prices stand still. */
  get nowMs(): number {
    return this.options.nowMs;
  }

  /** Microseconds since the call arrived. */
  get elapsedMicroseconds(): number {
    return this.options.elapsedMicroseconds();
  }

  /** Weight that the source has counted in the running minute. */
  get usedWeight(): number {
    return this.options.usedWeight;
  }

  get syntheticCount(): number {
    return this.options.syntheticCount;
  }

  /** Whether every asset of a ticker is there: a made-up one only when it is switched on. */
  has(ticker: string): boolean {
    return ticker.split('_').every((asset) => (syntheticNumber(asset) ?? 0) <= this.options.syntheticCount);
  }

  /** Whether the source lists a name: not while a fault delists it. */
  lists(name: string): boolean {
    return !this.options.delisted.has(name);
  }

  /** The names of a batch without those that a fault leaves out, or delists. */
  kept(batch: readonly string[]): readonly string[] {
    const names = batch.filter((name) => this.lists(name));
    const missing = this.options.faults.filter(({ fault }) => fault.kind === 'missing');
    if (missing.length === 0) return names;
    return names.filter((name) => !missing.some(({ fault }) => (fault.ticker ?? this.first(name)) === name));
  }

  /** The price of a name as it goes out, and notes it. */
  text(name: string, ticker: string, options: PriceOptions = {}): string {
    const text = this.spoiled(name, this.honest(ticker, this.second, 1, options), ticker, options);
    if (this.count < MOST_REMEMBERED) {
      this.written[name] = text;
      this.count += 1;
    }
    return text;
  }

  /** The price at another second, untouched: for what stands beside a price, such as that of yesterday. */
  honest(ticker: string, second: number, factor = 1, { inverted, rounded }: PriceOptions = {}): string {
    const price = this.options.prices.priceText(this.options.source, ticker, second, factor);
    const text = inverted === true ? inverseText(price) : price;
    return rounded === undefined ? text : rounded(text);
  }

  /** A member of an object with the price in it, e.g. `"price":"87000.1"`. */
  member(field: string, name: string, text: string, type: 'string' | 'number'): string {
    return `"${this.field(field, name)}":${this.value(name, text, type)}`;
  }

  /** The name of the field that holds the price, or the prices: another one while it is renamed. */
  field(field: string, name?: string): string {
    const renaming = this.fault('renamed', name);
    return renaming?.kind === 'renamed' ? (renaming.renamed_to ?? misspelt(field)) : field;
  }

  /** The price as a JSON value: of another type while it is retyped. */
  value(name: string, text: string, type: 'string' | 'number'): string {
    const retyping = this.fault('retyped', name);
    if (retyping?.kind === 'retyped') return retyped(text, type, retyping.type);
    return type === 'string' ? `"${text}"` : text;
  }

  private spoiled(name: string, honest: string, ticker: string, options: PriceOptions): string {
    for (const { fault } of this.options.faults) {
      if (fault.ticker !== undefined && fault.ticker !== name) continue;
      if (fault.kind === 'off') return this.honest(ticker, this.second, 1 + fault.percent / 100, options);
      const text = valueFaultText(fault.kind, honest);
      if (text !== undefined) return text;
    }
    return honest;
  }

  private fault(kind: 'renamed' | 'retyped', name: string | undefined): WritingFault['fault'] | undefined {
    return this.options.faults.find(
      ({ fault }) => fault.kind === kind && (fault.ticker === undefined || name === undefined || fault.ticker === name),
    )?.fault;
  }

  /** A fault that names nobody leaves out the first name of the batch. */
  private first(name: string): string {
    this.omitted ??= name;
    return this.omitted;
  }
}
