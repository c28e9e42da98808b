import type { PriceBook } from '../market/price-book.js';
import { inverseText } from '../market/price-text.js';
import type { WireForm } from '../sources/simulated-source.js';
import type { FaultStore } from './fault-store.js';
import { valueFaultText } from './spoil-price.js';

/** Whose prices are asked for. */
export interface ValueQuestion {
  readonly source: string;
  readonly name: string;
  readonly forms: readonly WireForm[];
  readonly seconds: readonly number[];
}

/**
 * The texts that faults made of the prices of these seconds, each once. A frozen source that is off as well says the old price
 * a quarter too high: faults are combined as the writer combines them.
 */
export function valueTexts(question: ValueQuestion, prices: PriceBook, faults: FaultStore): readonly string[] {
  const { source, name, forms, seconds } = question;
  const texts = new Set<string>();
  for (const second of seconds) {
    const writing = faults.writingAt(source, name, second);
    const frozenAt = writing.flatMap(({ fault, frozenAt: at }) => (fault.kind === 'frozen' ? [at] : []));
    // Each may have struck or not, by chance or because others were newer: every combination is one that a reader may have had.
    for (const at of [second, ...frozenAt]) {
      for (const { ticker, inverted } of forms) {
        const textOf = (factor: number): string => {
          const price = prices.priceText(source, ticker, at, factor);
          return inverted === true ? inverseText(price) : price;
        };
        if (at !== second) texts.add(textOf(1));
        for (const { fault } of writing) {
          const text = fault.kind === 'off' ? textOf(1 + fault.percent / 100) : valueFaultText(fault.kind, textOf(1));
          if (text !== undefined) texts.add(text);
        }
      }
    }
  }
  return [...texts];
}
