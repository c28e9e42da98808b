import { decimal, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const latestSampleSchema = z
  .strictObject({
    timestamp_utc: z.iso.datetime().describe('Its slot, ISO 8601 with Z'),
    source: z.string().describe('Name of the source'),
    asset: z.string().describe('Id of CoinGecko where one is known, else the base of the ticker'),
    price_usd: decimal('Exactly the digits that stood on the wire').nullable().describe('Null unless it was accepted'),
    http_status: z.int().nullable().describe('HTTP status of the last attempt of its call; null when none came'),
    latency_ms: z.int().nullable().describe('How long that attempt took in milliseconds; null when nobody was called'),
    attempt: z.int().nullable().describe('Which attempt it was, from 1; null when nobody was called'),
  })
  .meta({ id: 'LatestSample' });

const latestSamplesSchema = z
  .strictObject({ data: z.array(latestSampleSchema).describe('By asset and source') })
  .meta({ id: 'LatestSamples' });

/** `/latest` */
export const LATEST_SAMPLES_ANSWER: RouteAnswer<typeof latestSamplesSchema> = {
  description: 'The last sample of each source of every ticker in US dollars.',
  schema: latestSamplesSchema,
  example: {
    data: [
      {
        timestamp_utc: '2025-12-17T19:33:00Z',
        source: 'deribit',
        asset: 'bitcoin',
        price_usd: '87123.45',
        http_status: 200,
        latency_ms: 87,
        attempt: 1,
      },
    ],
  },
};
