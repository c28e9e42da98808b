import { GAP_REASONS, RULES } from '@app/domain';
import { decimal, tickerName, unixSeconds, unixTime, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { consensusSchema, flags } from '../prices/price.fields.js';
import { sampleSchema } from './explained-sample.js';

const price = {
  price: decimal('Exactly the stored digits'),
  uncertainty: decimal(
    'How far the true price may lie from it; null: half a unit of its last digit, or not kept by the build that stored it',
  ).nullable(),
  source: z.string().describe('`median` for a median'),
  observed_at: unixTime('When it was received: UNIX seconds with milliseconds'),
  flags: flags(),
  revision: z.int().describe('0 until it is corrected'),
  consensus: consensusSchema.nullable(),
};

const priceSchema = z.strictObject(price).meta({ id: 'ExplainedPrice' });
const earlierPriceSchema = z
  .strictObject({
    ...price,
    replaced_at: unixTime('When it was replaced: UNIX seconds with milliseconds'),
    cause: z.string().describe('Why it was replaced'),
  })
  .meta({ id: 'EarlierPrice' });

const scheduleSchema = z
  .strictObject({
    from: unixSeconds(),
    to: unixSeconds().nullable().describe('Exclusive; null while it holds'),
    interval_seconds: z.int().describe('Seconds from one slot to the next'),
    rule: z.enum(RULES).describe('How a price was chosen from the samples of a slot'),
    rule_options: z
      .record(z.string(), z.unknown())
      .describe('Limits of its checks and of its median, where they are not the usual ones'),
    sources: z
      .array(
        z.strictObject({
          source: z.string().describe('Name of the source'),
          source_symbol: z.string().describe('What the source calls the ticker'),
          batch: z.string().describe('Tickers of one source with the same batch were asked in one call'),
          interval_seconds: z.int().describe('Seconds between two calls of this source'),
          standby: z.boolean().describe('Asked only where every source before it had failed'),
          quoted_in: z.string().nullable().describe("Currency of the price there; null when it is the ticker's own"),
          due: z.boolean().describe('Whether it was due in this slot'),
        }),
      )
      .describe('In order of preference'),
  })
  .meta({ id: 'Schedule' });

const explanationSchema = z
  .strictObject({
    ticker: tickerName(),
    timestamp: unixSeconds('UNIX seconds as they were asked; the slot when none was'),
    slot: unixSeconds().nullable().describe('UNIX seconds; null when no schedule held'),
    state: z
      .enum(['stored', 'gap', 'waiting', 'missing', 'not_expected'])
      .describe(
        '`stored`: it has a price; `gap`: a range says why it has none; `waiting`: it is not over; `missing`: its samples say why it has none; `not_expected`: no schedule held',
      ),
    summary: z.string().describe('The same for people'),
    price: priceSchema.nullable().describe('The price of the slot; null when it has none'),
    earlier_prices: z.array(earlierPriceSchema).describe('What it was before a correction, oldest first'),
    gap: z
      .strictObject({
        from: unixSeconds(),
        to: unixSeconds(),
        reason: z.enum(GAP_REASONS).describe('Why its slots have no price'),
        recorded_at: unixTime('When it was recorded: UNIX seconds with milliseconds'),
      })
      .nullable()
      .describe('The range without prices that the slot lies in; null when it lies in none'),
    schedule: scheduleSchema.nullable().describe('How the ticker was sampled then; null when it was not'),
    samples: z.array(sampleSchema).describe('One for every source that was due, in order of preference'),
  })
  .meta({ id: 'Explanation' });

/** `/prices/explain` */
export const EXPLAIN_ANSWER: RouteAnswer<typeof explanationSchema> = {
  description: 'Everything that is known of the slot.',
  schema: explanationSchema,
  example: {
    ticker: 'btc_usd',
    timestamp: 1766000000,
    slot: 1766000000,
    state: 'stored',
    summary: 'The median of 2 sources that lie 0.0001 of the price apart; left out: bitstamp (outlier).',
    price: {
      price: '87123.45',
      uncertainty: null,
      source: 'median',
      observed_at: 1766000000.412,
      flags: ['derived'],
      revision: 0,
      consensus: {
        sources: 2,
        spread: '0.0001',
        used: ['kraken', 'coinbase'],
        left_out: [{ source: 'bitstamp', price: '65342.10', reason: 'outlier' }],
      },
    },
    earlier_prices: [],
    gap: null,
    schedule: {
      from: 1765900000,
      to: null,
      interval_seconds: 10,
      rule: 'median',
      rule_options: {},
      sources: ['kraken', 'coinbase', 'bitstamp'].map((source) => ({
        source,
        source_symbol: 'btc_usd',
        batch: 'btc_usd',
        interval_seconds: 10,
        standby: false,
        quoted_in: null,
        due: true,
      })),
    },
    samples: [
      exampleSample('kraken', '87119.10'),
      exampleSample('coinbase', '87127.80'),
      exampleSample('bitstamp', '65342.10', { served: false }),
    ],
  },
};

/** An answer that came and was accepted, for the example. */
function exampleSample(
  source: string,
  raw: string,
  change: Partial<z.output<typeof sampleSchema>> = {},
): z.output<typeof sampleSchema> {
  const parts = { market_cap: null, volume_24h: null, source_time: null, inverted: false, flags: [] };
  return {
    source,
    source_symbol: 'btc_usd',
    batch: 'btc_usd',
    standby: false,
    outcome: 'accepted',
    reason: null,
    detail: null,
    price: raw,
    served: true,
    raw,
    ...parts,
    rate: null,
    rate_uncertainty: null,
    rate_price: null,
    requested_at: 1766000000.108,
    observed_at: 1766000000.412,
    stored_at: 1766000000.431,
    origin: 'live',
    revision: 0,
    earlier_samples: [],
    fetch: {
      status: 'answered',
      attempts: 1,
      max_attempts: 3,
      requested_at: 1766000000.108,
      received_at: 1766000000.412,
      latency_ms: 304,
      endpoint: 'ticker',
      url: `https://api.${source}.example/ticker/btcusd`,
      http_status: 200,
      headers: { date: 'Wed, 17 Dec 2025 19:33:20 GMT', 'content-type': 'application/json' },
      error_kind: null,
      error_message: null,
      parser_version: '5d9dff3ee3b9',
      same_call: true,
      payload: {
        sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        kept: true,
        not_kept_because: null,
        bytes: 22,
        body: `{"last":"${raw}"}`,
        link: '/payloads/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
      earlier_attempts: [],
    },
    ...change,
  };
}
