import { tickerName, unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const liveSchema = z.strictObject({ status: z.literal('ok').describe('It answers') }).meta({ id: 'Live' });

/** `/livez` */
export const LIVE_ANSWER: RouteAnswer<typeof liveSchema> = {
  description: 'The process lives.',
  schema: liveSchema,
  example: { status: 'ok' },
};

const readySchema = z
  .strictObject({
    status: z.literal('ready').describe('Prices can be asked for'),
    role: z.string().describe('The role that the API reads as'),
    clock_offset_ms: z.number().describe("This machine's clock minus the database's, in milliseconds"),
  })
  .meta({ id: 'Ready' });

/** `/readyz` */
export const READY_ANSWER: RouteAnswer<typeof readySchema> = {
  description: 'Ready to serve.',
  schema: readySchema,
  example: { status: 'ready', role: 'tidemark_api', clock_offset_ms: 2 },
};

const partStatus = z.enum(['up', 'degraded', 'down']).describe('`degraded`: it works, and something needs a look');
const message = z.string().optional().describe('What is wrong, where nothing else can be said');

const sampledTickerSchema = z.strictObject({
  ticker: tickerName(),
  last_slot: unixSeconds().nullable().describe('UNIX seconds of the newest price; null before the first'),
  age_seconds: z.number().min(0).nullable().describe('Seconds since it was received'),
  stale: z.boolean().describe('Older than twice the interval of its ticker'),
});

const listSchema = z.strictObject({
  source: z.string().describe('Name of the source'),
  late: z.boolean().describe('No run came to its end for three of its intervals'),
  interval_seconds: whole().describe('How often it is read, in seconds'),
  last_success: z
    .string()
    .meta({ format: 'date-time' })
    .nullable()
    .describe('When a run last came to its end; null before the first'),
});

const healthSchema = z
  .strictObject({
    status: z
      .enum(['ok', 'degraded', 'down'])
      .describe('The worst of those below, of which only the database makes it `down`: no price can be served'),
    mode: z.enum(['live', 'simulated']).describe('Whether prices are real or simulated'),
    database: z
      .strictObject({
        status: partStatus,
        role: z.string().optional().describe('The role that the API reads as'),
        latency_ms: whole().optional().describe('Milliseconds that the database took to answer'),
        responseTime: z.number().optional().describe('Milliseconds that the check took, with what it waited for'),
        message,
      })
      .describe('The database'),
    clock: z
      .strictObject({
        status: partStatus,
        offset_ms: z
          .number()
          .nullable()
          .describe("This machine's clock minus the database's, in milliseconds; null before it is measured"),
      })
      .describe('The clock'),
    sampling: z
      .strictObject({
        status: partStatus,
        enabled: whole().optional().describe('How many tickers are sampled'),
        fresh: whole().optional().describe('How many of them have a price that is not stale'),
        stale: whole().optional().describe('How many have none, or one older than twice its interval'),
        last_slot: unixSeconds().nullish().describe('UNIX seconds of the newest price of them all'),
        tickers: z.array(sampledTickerSchema).max(100).optional().describe('One by one, the stalest first'),
        message,
      })
      .describe('Tickers that are being sampled, the stalest first, at most 100 of them one by one'),
    etl: z
      .strictObject({
        status: z
          .enum(['healthy', 'unhealthy', 'disabled'])
          .describe(
            '`unhealthy`: a list is late, and the whole `degraded`; `disabled`: none is read (ETL_INTERVAL_SECONDS=0)',
          ),
        lists: z.array(listSchema).optional().describe('One by one, by the names of their sources'),
        message,
      })
      .describe('Lists of assets and CSV files'),
    timestamp: z.string().meta({ format: 'date-time' }).describe('When this was so'),
  })
  .meta({ id: 'Health' });

/** `/health` */
export const HEALTH_ANSWER: RouteAnswer<typeof healthSchema> = {
  description: 'How everything is; with status 503 when it is `down`.',
  schema: healthSchema,
  statuses: [200, 503],
  example: {
    status: 'ok',
    mode: 'live',
    database: { status: 'up', role: 'tidemark_api', latency_ms: 1, responseTime: 2 },
    clock: { status: 'up', offset_ms: 2 },
    sampling: {
      status: 'up',
      enabled: 1,
      fresh: 1,
      stale: 0,
      last_slot: 1765999980,
      tickers: [{ ticker: 'btc_usd', last_slot: 1765999980, age_seconds: 3.588, stale: false }],
    },
    etl: {
      status: 'healthy',
      lists: [{ source: 'coinpaprika', late: false, interval_seconds: 300, last_success: '2025-12-17T19:31:02.000Z' }],
    },
    timestamp: '2025-12-17T19:33:20.000Z',
  },
  examples: {
    503: {
      status: 'down',
      mode: 'live',
      database: { status: 'down', responseTime: 2, message: 'the database cannot be reached' },
      clock: { status: 'up', offset_ms: 2 },
      sampling: { status: 'degraded', message: 'unknown while the database is away' },
      etl: { status: 'unhealthy', message: 'unknown while the database is away' },
      timestamp: '2025-12-17T19:33:20.000Z',
    },
  },
};
