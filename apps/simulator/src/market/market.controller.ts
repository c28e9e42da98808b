import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { parseTicker } from '@app/domain';
import { z } from 'zod';
import { badRequest, conflict, notFound } from '../problem.js';
import { idOf, unixSecondText, wholeNumber } from '../request-fields.js';
import { assetOf } from './assets.js';
import { marketEventSchema, MarketEvents, MOST_MARKET_EVENTS, type MarketEvent } from './market-event.js';
import { PriceBook } from './price-book.js';

const MOST_POINTS = 100_000;
const DAY_SECONDS = 86_400;

const marketQuery = z
  .strictObject({
    ticker: z.string().min(1).max(100),
    from: unixSecondText(),
    to: unixSecondText(),
    step: wholeNumber(1, DAY_SECONDS).default(1),
  })
  .refine(({ from, to }) => to >= from, { path: ['to'], error: 'must not lie before from' })
  .refine(({ from, to, step }) => (to - from) / step < MOST_POINTS, {
    path: ['step'],
    error: `gives more than ${MOST_POINTS} points: make it larger, or the range shorter`,
  });

/** The market behind the sources: its true prices, and what happens to it. */
@Controller('simulator/market')
export class MarketController {
  constructor(
    @Inject(PriceBook) private readonly prices: PriceBook,
    @Inject(MarketEvents) private readonly events: MarketEvents,
  ) {}

  /**
   * The true price of a ticker, without any source's noise but with what happens to the market, from `from` to `to`, both
   * included, every `step` seconds (each one without it). Any two assets make a ticker: `btc_usd`, `btc_usdt`, `usdt_usd`.
   */
  @Get()
  market(@Query({ schema: marketQuery }) query: z.output<typeof marketQuery>): object {
    const { ticker, from, to, step } = query;
    const parts = parseTicker(ticker);
    if (parts === undefined || assetOf(parts.base) === undefined || assetOf(parts.quote) === undefined) {
      throw badRequest([{ field: 'ticker', problem: `the simulated market has no price for "${ticker}"` }]);
    }
    const prices = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index): [number, string] => {
      const second = from + index * step;
      return [second, this.prices.marketText(ticker, second)];
    });
    return { ticker, prices };
  }

  /** Sets an event, now or for a time to come. */
  @Post('events')
  add(@Body({ schema: marketEventSchema }) event: MarketEvent): object {
    const set = this.events.add(event);
    if (set === undefined) throw conflict(`${MOST_MARKET_EVENTS} market events are set; take some back first`);
    return set;
  }

  @Get('events')
  list(): object {
    return { events: this.events.list() };
  }

  @Delete('events')
  removeAll(): object {
    return { removed: this.events.remove() };
  }

  /** Takes an event back, as if it had never been: the expected prices of the past change with it. */
  @Delete('events/:id')
  remove(@Param('id') idText: string): object {
    const removed = this.events.remove(idOf(idText, 'a market event'));
    if (removed.length === 0) throw notFound(`there is no market event ${idText}`);
    return { removed };
  }
}
