import { unixTime } from '@app/openapi';
import { z } from 'zod';

const textOrNull = () => z.string().nullable();

const call = {
  requested_at: unixTime().nullable(),
  received_at: unixTime().nullable(),
  latency_ms: z.int().nullable(),
  endpoint: textOrNull().describe('Null when no answer came, as the two below'),
  url: textOrNull().describe('Without secrets'),
  http_status: z.int().nullable(),
  headers: z.record(z.string(), z.string()).nullable().describe('Those that matter'),
  error_kind: textOrNull(),
  error_message: textOrNull(),
  parser_version: textOrNull().describe('Equal versions read equal answers alike'),
};

const payloadSchema = z
  .strictObject({
    sha256: z.string(),
    kept: z.boolean(),
    not_kept_because: z
      .enum(['past_retention', 'over_daily_limit', 'none_kept_that_day', 'being_written', 'lost'])
      .nullable(),
    bytes: z.int().nullable().describe('As it came'),
    body: textOrNull().describe('As it came, up to 64 KiB; a longer one is at the link'),
    link: textOrNull(),
  })
  .meta({ id: 'Payload' });

const earlierAttemptSchema = z.strictObject({
  attempt: z.int(),
  ...call,
  payload: z.strictObject({ sha256: z.string(), link: z.string() }).nullable(),
});

/** The call behind a sample. */
export const fetchSchema = z
  .strictObject({
    status: z.string(),
    attempts: z.int(),
    max_attempts: z.int(),
    ...call,
    same_call: z
      .boolean()
      .describe(
        'Whether the sample comes from this call; false when the fetch was called again later, for another ticker',
      ),
    payload: payloadSchema.nullable(),
    earlier_attempts: z.array(earlierAttemptSchema).describe('Calls that failed before the last one'),
  })
  .meta({ id: 'Fetch' });
