import { OUTCOMES } from '@app/domain';
import { unixTime, whole } from '@app/openapi';
import { z } from 'zod';
import { flags } from '../prices/price.fields.js';
import { fetchSchema } from './explained-call.js';

const textOrNull = () => z.string().nullable();
const decimalOrNull = (description = 'Exactly the stored digits') => textOrNull().describe(description);

const ratePriceSchema = z.strictObject({
  ticker: z.string(),
  slot: whole().nullable(),
  price: decimalOrNull(),
  source: textOrNull(),
  explain: z.string().describe('Where it is explained'),
});

const earlierSampleSchema = z.strictObject({
  revision: z.int(),
  outcome: z.enum(OUTCOMES),
  reason: textOrNull(),
  detail: textOrNull(),
  price: decimalOrNull(),
  raw: textOrNull(),
  rate: decimalOrNull(),
  flags: flags(),
  replaced_at: unixTime(),
  cause: z.string(),
});

/** What a source came to in a slot. */
export const sampleSchema = z
  .strictObject({
    source: z.string(),
    source_symbol: textOrNull().describe('What the source calls the ticker'),
    batch: z.string(),
    standby: z.boolean(),
    outcome: z.enum(OUTCOMES).nullable().describe('Null while there is none'),
    reason: textOrNull(),
    detail: textOrNull(),
    price: decimalOrNull(),
    served: z.boolean().describe('Whether the price is this sample, or a median that it is part of'),
    raw: textOrNull().describe('The text on the wire'),
    inverted: z.boolean().nullable().describe('The wire has units of the base for one of the quote'),
    flags: flags().nullable(),
    rate: decimalOrNull('What it was converted at'),
    rate_price: ratePriceSchema.nullable().describe('The price that converts'),
    market_cap: decimalOrNull(),
    volume_24h: decimalOrNull(),
    source_time: unixTime().nullable().describe('What the source claims; null when it claims none'),
    requested_at: unixTime().nullable(),
    observed_at: unixTime().nullable(),
    stored_at: unixTime().nullable(),
    origin: z.enum(['live', 'history']).nullable(),
    revision: z.int().nullable(),
    earlier_samples: z.array(earlierSampleSchema).describe('What it was before a correction'),
    fetch: fetchSchema.nullable().describe('The call behind it; null when none was planned'),
  })
  .meta({ id: 'Sample' });
