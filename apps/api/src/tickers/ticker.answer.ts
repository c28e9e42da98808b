import { RULES } from '@app/domain';
import { tickerName, unixSeconds, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { price } from '../prices/price.fields.js';

const tickerSchema = z
  .strictObject({
    ticker: tickerName(),
    base: z.string().describe('What is priced'),
    quote: z.string().describe('The currency of its price'),
    enabled: z.boolean().describe('Whether it is being sampled'),
    interval_seconds: z.int().describe('Seconds from one slot to the next, now or when it was sampled last'),
    rule: z.enum(RULES).describe('How a price is chosen from the samples of a slot'),
    sources: z.array(z.string()).describe('In order of preference'),
    first_slot: unixSeconds()
      .nullable()
      .describe('UNIX seconds of the first slot that was expected; null when it was disabled before the first'),
    last_slot: unixSeconds().nullable().describe('UNIX seconds of the newest price; null before the first'),
    last_price: price().nullable().describe('The newest price, exactly the digits of the wire; null before the first'),
  })
  .meta({ id: 'Ticker' });

const tickersSchema = z.strictObject({ tickers: z.array(tickerSchema).describe('By name') }).meta({ id: 'Tickers' });

/** `/tickers` */
export const TICKERS_ANSWER: RouteAnswer<typeof tickersSchema> = {
  description: 'Every ticker that was ever catalogued, by name.',
  schema: tickersSchema,
  example: {
    tickers: [
      {
        ticker: 'btc_usd',
        base: 'btc',
        quote: 'usd',
        enabled: true,
        interval_seconds: 60,
        rule: 'priority',
        sources: ['deribit', 'coingecko'],
        first_slot: 1765913580,
        last_slot: 1765999980,
        last_price: '87123.45',
      },
    ],
  },
};
