import type { History } from './history-file.js';
import { simulatedPrice } from './price-function.js';
import type { SourceName } from './source-names.js';

/** Gives the one true price of every source, ticker and second: simulated, or replayed from real bars. */
export class PriceBook {
  constructor(
    readonly seed: string,
    readonly history: History | undefined,
  ) {}

  /**
   * The price as its source writes it, every digit of it.
   * With a history every source and ticker gives the close of bar `second mod n`, exactly as the file has it.
   */
  priceText(source: SourceName, ticker: string, second: number): string {
    if (this.history === undefined) return simulatedPrice({ seed: this.seed, source, ticker, second });
    const { closes } = this.history;
    const close = closes[((second % closes.length) + closes.length) % closes.length];
    if (close === undefined) throw new RangeError('the history has no bars');
    return close;
  }
}
