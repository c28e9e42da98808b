import { Decimal } from 'decimal.js';
import type { History } from './history-file.js';
import type { MarketEvents } from './market-event.js';
import { marketPrice, simulatedPrice } from './price-function.js';
import type { PriceStyle } from './price-style.js';

/** What prices are made from. */
export interface PriceBookOptions {
  readonly seed: string;
  /** Real bars to replay instead of simulated prices. */
  readonly history?: History | undefined;
  /** How each source writes. */
  readonly styleOf: (source: string) => PriceStyle;
  /** What happens to the market; nothing without it. A replayed history knows no events. */
  readonly events?: MarketEvents | undefined;
}

/** While bars are replayed, dollars are dollars: a converted price is the replayed one. */
const ALWAYS_ONE: ReadonlySet<string> = new Set(['usd', 'usdc', 'usdt']);

/** Gives the one true price of every source, ticker and second: simulated, or replayed from real bars. */
export class PriceBook {
  readonly seed: string;
  readonly history: History | undefined;

  constructor(private readonly options: PriceBookOptions) {
    this.seed = options.seed;
    this.history = options.history;
  }

  /**
   * The price as its source writes it, every digit of it.
   * With a history every source and ticker gives the close of bar `second mod n`, exactly as the file has it.
   * @param factor what the source multiplies its price with; 1 unless it is off.
   */
  priceText(source: string, ticker: string, second: number, factor = 1): string {
    if (this.history !== undefined) {
      const close = this.replayed(ticker, second);
      return factor === 1 ? close : new Decimal(close).times(factor).toFixed();
    }
    const { seed, events, styleOf } = this.options;
    return simulatedPrice({ seed, source, style: styleOf(source), ticker, second, factor, events });
  }

  /** The price of the market itself, which every source strays from by less than 0.1 %: a decimal of up to 15 digits. */
  marketText(ticker: string, second: number): string {
    if (this.history !== undefined) return this.replayed(ticker, second);
    const { seed, events } = this.options;
    return new Decimal(marketPrice({ seed, ticker, second, events }).price).toSignificantDigits(15).toFixed();
  }

  private replayed(ticker: string, second: number): string {
    if (ticker.split('_').every((asset) => ALWAYS_ONE.has(asset))) return '1.0';
    const closes = this.history?.closes ?? [];
    const close = closes[((second % closes.length) + closes.length) % closes.length];
    if (close === undefined) throw new RangeError('the history has no bars');
    return close;
  }
}
