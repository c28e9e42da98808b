import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { PriceBook } from './price-book.js';
import { badRequest, type WrongField } from './problem.js';
import { knownTicker, unixSecond, unixSecondText, wholeNumber } from './request-fields.js';
import { SOURCE_NAMES } from './source-names.js';

const MOST_ITEMS = 10_000;
const LONGEST_STRETCH_SECONDS = 30;
const MOST_POINTS = 100_000;
const DAY_SECONDS = 86_400;

const name = z.string().min(1).max(100);
const quote = z.string().min(1).max(20).default('usd');

const truthBody = z.strictObject({
  items: z
    .array(
      z
        .strictObject({ source: z.enum(SOURCE_NAMES), name, quote, from: unixSecond(), to: unixSecond() })
        .refine(({ from, to }) => to >= from && to - from <= LONGEST_STRETCH_SECONDS, {
          path: ['to'],
          error: `must be from, or up to ${LONGEST_STRETCH_SECONDS} seconds later`,
        }),
    )
    .max(MOST_ITEMS),
});

const historyQuery = z
  .strictObject({
    source: z.enum(SOURCE_NAMES),
    name,
    quote,
    from: unixSecondText(),
    to: unixSecondText(),
    step: wholeNumber(1, DAY_SECONDS).default(60),
  })
  .refine(({ from, to }) => to >= from, { path: ['to'], error: 'must not lie before from' })
  .refine(({ from, to, step }) => (to - from) / step <= MOST_POINTS, {
    path: ['step'],
    error: `gives more than ${MOST_POINTS} points: make it larger, or the stretch shorter`,
  });

/** The true prices: for the checker, and to seed a past. A worker has no business here. */
@Controller('simulator')
export class TruthController {
  constructor(@Inject(PriceBook) private readonly prices: PriceBook) {}

  /** Which prices these are: the checker compares it with what the database remembers. */
  @Get()
  identity(): object {
    const { seed, history } = this.prices;
    if (history === undefined) return { seed, history: null };
    return { seed, history: { path: history.path, sha256: history.sha256, bars: history.closes.length } };
  }

  /** For each item the price text of every second from `from` to `to`, both included. */
  @Post('truth')
  @HttpCode(200)
  truth(@Body({ schema: truthBody }) { items }: z.output<typeof truthBody>): { prices: string[][] } {
    const wrong: WrongField[] = [];
    const prices = items.map((item, index) => {
      const known = knownTicker(item.source, item.name, item.quote);
      if ('problem' in known) {
        wrong.push({ field: `items.${index}.name`, problem: known.problem });
        return [];
      }
      return Array.from({ length: item.to - item.from + 1 }, (_, offset) =>
        this.prices.priceText(item.source, known.ticker, item.from + offset),
      );
    });
    if (wrong.length > 0) throw badRequest(wrong.slice(0, 20));
    return { prices };
  }

  /** The price of every `step` seconds from `from` (included) to `to` (excluded). */
  @Get('history')
  history(@Query({ schema: historyQuery }) query: z.output<typeof historyQuery>): { prices: [number, string][] } {
    const known = knownTicker(query.source, query.name, query.quote);
    if ('problem' in known) throw badRequest([{ field: 'name', problem: known.problem }]);
    const points = Math.ceil((query.to - query.from) / query.step);
    const prices = Array.from({ length: points }, (_, index): [number, string] => {
      const second = query.from + index * query.step;
      return [second, this.prices.priceText(query.source, known.ticker, second)];
    });
    return { prices };
  }
}
