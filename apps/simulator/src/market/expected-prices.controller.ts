import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { FaultStore } from '../faults/fault-store.js';
import { valueTexts } from '../faults/value-texts.js';
import { badRequest, type WrongField } from '../problem.js';
import { knownForms, simulatedName, unixSecond, unixSecondText, wholeNumber } from '../request-fields.js';
import { MarketEvents } from './market-event.js';
import { PriceBook } from './price-book.js';
import { inverseText } from './price-text.js';

const MOST_ITEMS = 10_000;
const LONGEST_RANGE_SECONDS = 30;
const MOST_POINTS = 100_000;
const DAY_SECONDS = 86_400;

const name = z.string().min(1).max(100);
const quote = z.string().min(1).max(20).default('usd');

const expectedPricesBody = z.strictObject({
  items: z
    .array(
      z
        .strictObject({ source: simulatedName(), name, quote, from: unixSecond(), to: unixSecond() })
        .refine(({ from, to }) => to >= from && to - from <= LONGEST_RANGE_SECONDS, {
          path: ['to'],
          error: `must be from, or up to ${LONGEST_RANGE_SECONDS} seconds later`,
        }),
    )
    .max(MOST_ITEMS),
});

const historyQuery = z
  .strictObject({
    source: simulatedName(),
    name,
    quote,
    from: unixSecondText(),
    to: unixSecondText(),
    step: wholeNumber(1, DAY_SECONDS).default(60),
  })
  .refine(({ from, to }) => to >= from, { path: ['to'], error: 'must not lie before from' })
  .refine(({ from, to, step }) => (to - from) / step <= MOST_POINTS, {
    path: ['step'],
    error: `gives more than ${MOST_POINTS} points: make it larger, or the range shorter`,
  });

/** The true prices: for the checker, and to seed a past. A worker has no business here. */
@Controller('simulator')
export class ExpectedPricesController {
  constructor(
    @Inject(PriceBook) private readonly prices: PriceBook,
    @Inject(FaultStore) private readonly faults: FaultStore,
    @Inject(MarketEvents) private readonly events: MarketEvents,
  ) {}

  /** Which prices these are: the checker compares it with what the database remembers. */
  @Get()
  identity(): object {
    const { seed, history } = this.prices;
    const events = this.events.list();
    const happened = events.length === 0 ? {} : { events };
    if (history === undefined) return { seed, history: null, ...happened };
    return { seed, history: { path: history.path, sha256: history.sha256, bars: history.closes.length }, ...happened };
  }

  /**
   * For each item the price texts of the seconds from `from` to `to`, both included, as they stood on the wire: in USDT where
   * the source quotes in USDT, inverted where it tells the inverse, with every digit. One text for each second comes first, in
   * order: what the source writes when nothing ails it. Behind them come, without order, the other texts that a right reader
   * may have had: those of a second path that is asked by the same name (Coinbase's rate of the base of `BTC-USD`), and those
   * that a fault made of them (off, frozen, zero, negative, absurd) while it was on.
   */
  @Post('expected-prices')
  @HttpCode(200)
  expectedPrices(@Body({ schema: expectedPricesBody }) { items }: z.output<typeof expectedPricesBody>): {
    prices: string[][];
  } {
    const wrong: WrongField[] = [];
    const prices = items.map((item, index) => {
      const known = knownForms(item.source, item.name, item.quote);
      if ('problem' in known) {
        wrong.push({ field: `items.${index}.name`, problem: known.problem });
        return [];
      }
      const seconds = Array.from({ length: item.to - item.from + 1 }, (_, offset) => item.from + offset);
      const texts = known.forms.flatMap(({ ticker, inverted }) =>
        seconds.map((second) => {
          const text = this.prices.priceText(item.source, ticker, second);
          return inverted === true ? inverseText(text) : text;
        }),
      );
      return [...texts, ...valueTexts({ ...item, forms: known.forms, seconds }, this.prices, this.faults)];
    });
    if (wrong.length > 0) throw badRequest(wrong.slice(0, 20));
    return { prices };
  }

  /** The price of every `step` seconds from `from` (included) to `to` (excluded), as the source would have written it. */
  @Get('history')
  history(@Query({ schema: historyQuery }) query: z.output<typeof historyQuery>): { prices: [number, string][] } {
    const known = knownForms(query.source, query.name, query.quote);
    if ('problem' in known) throw badRequest([{ field: 'name', problem: known.problem }]);
    const [{ ticker, inverted }] = known.forms;
    const points = Math.ceil((query.to - query.from) / query.step);
    const prices = Array.from({ length: points }, (_, index): [number, string] => {
      const second = query.from + index * query.step;
      const text = this.prices.priceText(query.source, ticker, second);
      return [second, inverted === true ? inverseText(text) : text];
    });
    return { prices };
  }
}
