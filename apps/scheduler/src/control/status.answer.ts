import { unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const time = () => z.string().meta({ format: 'date-time' });
const timeOrNull = (description: string) => time().nullable().describe(description);

const sourceStatusSchema = z
  .strictObject({
    source: z.string(),
    state: z.enum(['ok', 'failing', 'paused', 'circuit_open', 'needs_key', 'not_asked_yet']),
    tickers: whole().describe('How many tickers are sampled from it'),
    batches: whole().describe('How many calls that takes'),
    last_success: timeOrNull('Null before the first'),
    latency_ms: z.number().nullable(),
    failures_in_a_row: whole(),
    last_failure: z
      .strictObject({ at: time(), reason: z.string().nullable(), detail: z.string().nullable() })
      .nullable(),
    paused_until: timeOrNull('It asked to be left alone until then'),
    circuit_open_until: timeOrNull('Until then it is not asked'),
    circuit_reason: z.string().nullable(),
    plan: z
      .string()
      .nullable()
      .describe('Its tariff; null for a source that this build does not know, as the two below'),
    limit: z
      .strictObject({
        calls: z.number(),
        per_seconds: z.number(),
        origin: z.string().describe('Where that is published'),
      })
      .nullable(),
    credits: z
      .strictObject({ per_month: z.number(), used: z.number(), left: z.number().min(0), origin: z.string() })
      .nullable()
      .describe('Null where the months are not counted'),
    unknown_source_symbols: z
      .array(z.string())
      .describe('Source symbols of the catalogue that are not in its own list'),
  })
  .meta({ id: 'SourceStatus' });

const tickerStatusSchema = z
  .strictObject({
    ticker: z.string(),
    interval_seconds: z.int(),
    price: z.string().nullable().describe('The newest; null before the first, as the three below'),
    source: z.string().nullable(),
    timestamp: unixSeconds().nullable(),
    age_seconds: whole().min(0).nullable(),
    expected_today: whole().describe('Slots since midnight UTC that should have a price by now'),
    gaps_today: whole().describe('How many of them have none'),
  })
  .meta({ id: 'TickerStatus' });

const taskStatusSchema = z
  .strictObject({
    name: z.string(),
    every_seconds: z.number(),
    last_run: timeOrNull('When its last run began'),
    last_success: timeOrNull('When its last run that succeeded ended'),
    last_duration_ms: z.number().min(0).nullable(),
    failures_in_a_row: whole(),
    last_error: z.string().nullable().describe('Of the last run that failed; it stays when later ones succeed'),
  })
  .meta({ id: 'TaskStatus' });

const statusSchema = z
  .strictObject({
    now: time(),
    sources: z.array(sourceStatusSchema),
    tickers: z.array(tickerStatusSchema).describe('Those that are sampled, by name'),
    tasks: z.array(taskStatusSchema).describe('Of the scheduler that answers'),
  })
  .meta({ id: 'Status' });

/** How a source stands. */
export type PresentedSource = z.output<typeof sourceStatusSchema>;
/** How a ticker stands. */
export type PresentedTickerStatus = z.output<typeof tickerStatusSchema>;
/** How a periodic task stands. */
export type PresentedTask = z.output<typeof taskStatusSchema>;

/** `/status` */
export const STATUS_ANSWER: RouteAnswer<typeof statusSchema> = {
  description: 'How sources, tickers and periodic tasks stand.',
  schema: statusSchema,
  example: {
    now: '2025-12-17T19:33:20.000Z',
    sources: [
      {
        source: 'coingecko',
        state: 'failing',
        tickers: 30,
        batches: 1,
        last_success: '2025-12-17T19:32:00.412Z',
        latency_ms: 304,
        failures_in_a_row: 1,
        last_failure: { at: '2025-12-17T19:33:05.000Z', reason: 'timeout', detail: 'no answer within 5 s' },
        paused_until: null,
        circuit_open_until: null,
        circuit_reason: null,
        plan: 'demo',
        limit: { calls: 30, per_seconds: 60, origin: 'https://docs.coingecko.com' },
        credits: { per_month: 10_000, used: 2_500, left: 7_500, origin: 'https://docs.coingecko.com' },
        unknown_source_symbols: [],
      },
    ],
    tickers: [
      {
        ticker: 'btc_usd',
        interval_seconds: 60,
        price: '87123.45',
        source: 'deribit',
        timestamp: 1765999980,
        age_seconds: 19,
        expected_today: 1_173,
        gaps_today: 0,
      },
    ],
    tasks: [
      {
        name: 'close-slots',
        every_seconds: 5,
        last_run: '2025-12-17T19:33:16.000Z',
        last_success: '2025-12-17T19:33:16.012Z',
        last_duration_ms: 12,
        failures_in_a_row: 0,
        last_error: null,
      },
    ],
  },
};
