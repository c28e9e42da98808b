import { unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const liveSchema = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Live' });

/** `/livez` */
export const LIVE_ANSWER: RouteAnswer<typeof liveSchema> = {
  description: 'The process lives.',
  schema: liveSchema,
  example: { status: 'ok' },
};

const readySchema = z
  .strictObject({
    status: z.literal('ready'),
    role: z.string().describe('The role that the API reads as'),
    clock_offset_ms: z.number().describe("This machine's clock minus the database's"),
  })
  .meta({ id: 'Ready' });

/** `/readyz` */
export const READY_ANSWER: RouteAnswer<typeof readySchema> = {
  description: 'Ready to serve.',
  schema: readySchema,
  example: { status: 'ready', role: 'tidemark_api', clock_offset_ms: 2 },
};

const partStatus = z.enum(['up', 'degraded', 'down']);
const message = z.string().optional().describe('What is wrong, where nothing else can be said');

const sampledTickerSchema = z.strictObject({
  ticker: z.string(),
  last_slot: unixSeconds().nullable().describe('UNIX seconds of the newest price; null before the first'),
  age_seconds: z.number().min(0).nullable().describe('Seconds since it was received'),
  stale: z.boolean(),
});

const healthSchema = z
  .strictObject({
    status: z.enum(['ok', 'degraded', 'down']),
    database: z.strictObject({
      status: partStatus,
      role: z.string().optional(),
      latency_ms: whole().optional(),
      responseTime: z.number().optional().describe('Milliseconds that the check took, with what it waited for'),
      message,
    }),
    clock: z.strictObject({ status: partStatus, offset_ms: z.number().nullable() }),
    etl: z
      .strictObject({
        status: partStatus,
        enabled: whole().optional(),
        fresh: whole().optional(),
        stale: whole().optional(),
        last_slot: unixSeconds().nullish().describe('UNIX seconds of the newest price of them all'),
        tickers: z.array(sampledTickerSchema).max(100).optional(),
        message,
      })
      .describe('Tickers that are being sampled, the stalest first, at most 100 of them one by one'),
    timestamp: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Health' });

/** `/health` */
export const HEALTH_ANSWER: RouteAnswer<typeof healthSchema> = {
  description: 'How everything is; with status 503 when it is `down`.',
  schema: healthSchema,
  statuses: [200, 503],
  example: {
    status: 'ok',
    database: { status: 'up', role: 'tidemark_api', latency_ms: 1, responseTime: 2 },
    clock: { status: 'up', offset_ms: 2 },
    etl: {
      status: 'up',
      enabled: 1,
      fresh: 1,
      stale: 0,
      last_slot: 1765999980,
      tickers: [{ ticker: 'btc_usd', last_slot: 1765999980, age_seconds: 3.588, stale: false }],
    },
    timestamp: '2025-12-17T19:33:20.000Z',
  },
};
