import { OUTCOMES } from '@app/domain';
import { tickerName, unixTime, whole } from '@app/openapi';
import { z } from 'zod';
import { flags } from '../prices/price.fields.js';
import { fetchSchema } from './explained-call.js';

const textOrNull = () => z.string().nullable();
const decimalOrNull = (description = 'Exactly the stored digits') => textOrNull().describe(description);

const reason = () => textOrNull().describe('Why it is not accepted; null when it is');
const detail = () => textOrNull().describe('The same for people');
const raw = () => textOrNull().describe('The text on the wire');
const rateUncertainty = () =>
  decimalOrNull(
    'How far the true rate may lie from it; null: half a unit of its last digit, no rate, or not kept by the build that stored it',
  );

const ratePriceSchema = z.strictObject({
  ticker: tickerName(),
  slot: whole().nullable().describe('Its slot: UNIX seconds; null when it has none there'),
  price: decimalOrNull(),
  source: textOrNull().describe('Name of its source'),
  explain: z.string().describe('Where it is explained'),
});

const earlierSampleSchema = z.strictObject({
  revision: z.int().describe('Which it was; the first is 0'),
  outcome: z.enum(OUTCOMES).describe('What it came to'),
  reason: reason(),
  detail: detail(),
  price: decimalOrNull(),
  raw: raw(),
  rate: decimalOrNull('What it was converted at'),
  rate_uncertainty: rateUncertainty(),
  flags: flags(),
  replaced_at: unixTime('When it was replaced: UNIX seconds with milliseconds'),
  cause: z.string().describe('Why it was replaced'),
});

/** What a source came to in a slot. */
export const sampleSchema = z
  .strictObject({
    source: z.string().describe('Name of the source'),
    source_symbol: textOrNull().describe('What the source calls the ticker'),
    batch: z.string().describe('Tickers of one source with the same batch were asked in one call'),
    standby: z.boolean().describe('Asked only where every source before it had failed'),
    outcome: z.enum(OUTCOMES).nullable().describe('What it came to; null while there is nothing'),
    reason: reason(),
    detail: detail(),
    price: decimalOrNull(),
    served: z.boolean().describe('Whether the price is this sample, or a median that it is part of'),
    raw: raw(),
    inverted: z.boolean().nullable().describe('The wire has units of the base for one of the quote'),
    flags: flags().nullable(),
    rate: decimalOrNull('What it was converted at'),
    rate_uncertainty: rateUncertainty(),
    rate_price: ratePriceSchema.nullable().describe('The price that converts'),
    market_cap: decimalOrNull(),
    volume_24h: decimalOrNull(),
    source_time: unixTime().nullable().describe('What the source claims; null when it claims none'),
    requested_at: unixTime('When it was asked for: UNIX seconds with milliseconds').nullable(),
    observed_at: unixTime('When it was received: UNIX seconds with milliseconds').nullable(),
    stored_at: unixTime('When it was stored: UNIX seconds with milliseconds').nullable(),
    origin: z
      .enum(['live', 'history'])
      .nullable()
      .describe('`live`: measured in its slot; `history`: from the history of the source'),
    revision: z.int().nullable().describe('0 until it is corrected'),
    earlier_samples: z.array(earlierSampleSchema).describe('What it was before a correction'),
    fetch: fetchSchema.nullable().describe('The call behind it; null when none was planned'),
  })
  .meta({ id: 'Sample' });
