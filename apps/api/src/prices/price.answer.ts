import { tickerName, unixSeconds, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { nextCursor } from '../http/next-cursor.js';
import { consensusSchema, flags, price, receipt, servedSource } from './price.fields.js';

const priceSchema = z
  .strictObject({
    timestamp: unixSeconds('Slot of the price: UNIX seconds'),
    price: price(),
    source: servedSource(),
    observed_at: receipt(),
    flags: flags().min(1).optional().describe(`${flags().description}; left out when there is none`),
  })
  .meta({ id: 'Price' });

const pricesSchema = z
  .strictObject({
    ticker: tickerName(),
    data: z.array(priceSchema).describe('The prices, in the order that was asked for'),
    next: nextCursor(),
  })
  .meta({ id: 'Prices' });

/** `/prices` */
export const PRICES_ANSWER: RouteAnswer<typeof pricesSchema> = {
  description: 'The prices of the range.',
  schema: pricesSchema,
  example: {
    ticker: 'btc_usd',
    data: [{ timestamp: 1766000000, price: '87123.45', source: 'deribit', observed_at: 1766000000.412 }],
    next: null,
  },
};

const latestPriceSchema = z
  .strictObject({
    ticker: tickerName(),
    timestamp: unixSeconds('Slot of the price: UNIX seconds'),
    price: price(),
    source: servedSource(),
    observed_at: receipt(),
    flags: flags(),
    consensus: consensusSchema.nullable().describe('How a median came about; null for any other price'),
    age_seconds: z.number().min(0).describe('Seconds since it was received'),
    stale: z.boolean().describe('Older than twice the interval of its ticker'),
  })
  .meta({ id: 'LatestPrice' });

/** `/prices/latest` */
export const LATEST_ANSWER: RouteAnswer<typeof latestPriceSchema> = {
  description: 'The newest price.',
  schema: latestPriceSchema,
  example: {
    ticker: 'btc_usd',
    timestamp: 1766000000,
    price: '87123.45',
    source: 'deribit',
    observed_at: 1766000000.412,
    flags: [],
    consensus: null,
    age_seconds: 3.588,
    stale: false,
  },
};
