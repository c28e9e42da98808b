import { tickerName, unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { OUTCOMES, RECENT_SLOTS } from '@app/domain';
import { z } from 'zod';

const time = () => z.string().meta({ format: 'date-time' });
const timeOrNull = (description: string) => time().nullable().describe(description);

/** How a source can stand; the first that holds is its state. */
const SOURCE_STATES = [
  'needs_key',
  'circuit_open',
  'paused',
  'failing',
  'not_asked_yet',
  'unusable',
  'disagrees',
  'ok',
] as const;

const refusedSymbolSchema = z
  .strictObject({
    source_symbol: z.string().describe('What the source is asked for'),
    since: time().describe('When it was refused first'),
    last_try: time().describe('When it was asked for last'),
    next_try: time().describe('When it is asked for again, by a call of its own'),
    detail: z.string().describe('The error of the source'),
  })
  .meta({ id: 'RefusedSymbol' });

const sourceStatusSchema = z
  .strictObject({
    source: z.string().describe('Name of the source'),
    state: z
      .enum(SOURCE_STATES)
      .describe(
        'The first of these that holds. `needs_key`: it refuses without one; `circuit_open`: it failed too often and is left alone; `paused`: it asked to be left alone; `failing`: its last call was not answered; `not_asked_yet`: it has answered no call so far; `unusable`: it answers, and nothing of its last answers could be used; `disagrees`: in most of its last slots of a ticker the other sources, or the last price, contradict it; `ok`: none of these',
      ),
    tickers: whole().describe('How many tickers are sampled from it'),
    batches: whole().describe('How many calls that takes'),
    last_success: timeOrNull('Null before the first'),
    latency_ms: z.number().nullable().describe('Milliseconds that its last answer took; null before the first'),
    failures_in_a_row: whole().describe('Calls that failed since the last answer'),
    last_failure: z
      .strictObject({
        at: time().describe('When it failed'),
        reason: z.string().nullable().describe('What kind of failure it was'),
        detail: z.string().nullable().describe('The failure for people, without secrets'),
      })
      .nullable()
      .describe('Null before the first'),
    paused_until: timeOrNull('It asked to be left alone until then'),
    circuit_open_until: timeOrNull('Until then it is not asked'),
    circuit_reason: z.string().nullable().describe('Why; null while the circuit is closed'),
    plan: z
      .string()
      .nullable()
      .describe('Its tariff; null for a source that this build does not know, as the two below'),
    limit: z
      .strictObject({
        calls: z.number().describe('So many calls at most'),
        per_seconds: z.number().describe('In so many seconds'),
        origin: z.string().describe('Where that is published'),
      })
      .nullable()
      .describe('How often it may be called'),
    credits: z
      .strictObject({
        per_month: z.number().describe('Credits of a calendar month'),
        used: z.number().describe('Used this month'),
        left: z.number().min(0).describe('Left this month'),
        origin: z.string().describe('Where that is published'),
      })
      .nullable()
      .describe('Null where the months are not counted'),
    samples: z
      .array(
        z.strictObject({
          outcome: z.enum(OUTCOMES).describe('What they came to'),
          reason: z
            .string()
            .nullable()
            .describe('Why; null for accepted ones, and `outlier` for those of them that were left out of a median'),
          count: whole().describe('How many'),
        }),
      )
      .describe(`Its samples of the last ${RECENT_SLOTS} slots of each of its tickers, most first`),
    disagreeing_tickers: whole().describe('In how many tickers it is contradicted in most of these slots'),
    disagreements: z
      .array(
        z.strictObject({
          ticker: tickerName(),
          reason: z.string().describe('`jump`, `frozen` or `outlier`: what most of its samples are'),
          since: time().describe('Slot in which that began; at most 1,800 slots or a week are looked back'),
        }),
      )
      .describe('Five of them at most, by name'),
    unknown_source_symbols: z
      .array(z.string())
      .describe(
        'Source symbols of the catalogue that are not in its own list, or that it leaves out of the answer to their batch',
      ),
    refused_symbols: z
      .array(refusedSymbolSchema)
      .describe('Source symbols that its calls are refused for: they are left out, and tried again now and then'),
  })
  .meta({ id: 'SourceStatus' });

const tickerStatusSchema = z
  .strictObject({
    ticker: tickerName(),
    interval_seconds: z.int().describe('Seconds from one slot to the next'),
    price: z.string().nullable().describe('The newest; null before the first, as the three below'),
    source: z.string().nullable().describe('Name of its source; `median` for a median'),
    timestamp: unixSeconds('Its slot: UNIX seconds').nullable(),
    age_seconds: whole().min(0).nullable().describe('Seconds since it was received'),
    expected_today: whole().describe('Slots since midnight UTC that should have a price by now'),
    gaps_today: whole().describe('How many of them have none'),
  })
  .meta({ id: 'TickerStatus' });

const taskStatusSchema = z
  .strictObject({
    name: z.string().describe('Name of the task, such as `close-slots`'),
    every_seconds: z.number().describe('Seconds from one run to the next'),
    last_run: timeOrNull('When its last run began'),
    last_success: timeOrNull('When its last run that succeeded ended'),
    last_duration_ms: z
      .number()
      .min(0)
      .nullable()
      .describe('Milliseconds that its last run took; null before the first'),
    failures_in_a_row: whole().describe('Runs that failed since the last that succeeded'),
    last_error: z.string().nullable().describe('Of the last run that failed; it stays when later ones succeed'),
  })
  .meta({ id: 'TaskStatus' });

const statusSchema = z
  .strictObject({
    now: time().describe('When this was so'),
    sources: z.array(sourceStatusSchema).describe('Those that the catalogue names'),
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
        samples: [
          { outcome: 'accepted', reason: null, count: 287 },
          { outcome: 'rejected', reason: 'jump', count: 10 },
          { outcome: 'failed', reason: 'timeout', count: 3 },
        ],
        disagreeing_tickers: 1,
        disagreements: [{ ticker: 'btc_usd', reason: 'jump', since: '2025-12-17T18:12:00.000Z' }],
        unknown_source_symbols: [],
        refused_symbols: [],
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
