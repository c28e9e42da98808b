import { unixTime } from '@app/openapi';
import { z } from 'zod';

const textOrNull = () => z.string().nullable();

const call = {
  requested_at: unixTime('When it was sent: UNIX seconds with milliseconds').nullable(),
  received_at: unixTime('When its answer was there: UNIX seconds with milliseconds').nullable(),
  latency_ms: z.int().nullable().describe('Milliseconds from sending it to the end of its answer'),
  endpoint: textOrNull().describe('Null when no answer came, as the two below'),
  url: textOrNull().describe('Without secrets'),
  http_status: z.int().nullable().describe('HTTP status of the answer'),
  headers: z.record(z.string(), z.string()).nullable().describe('Those that matter'),
  error_kind: textOrNull().describe('What kind of failure it was; null when there was none'),
  error_message: textOrNull().describe('The failure for people, without secrets'),
  parser_version: textOrNull().describe('Equal versions read equal answers alike'),
};

const payloadSchema = z
  .strictObject({
    sha256: z.string().describe('SHA-256 of the body, 64 hexadecimal digits'),
    kept: z.boolean().describe('Whether the body can still be read'),
    not_kept_because: z
      .enum(['past_retention', 'over_daily_limit', 'none_kept_that_day', 'being_written', 'lost'])
      .nullable()
      .describe('Why it cannot; null when it can'),
    bytes: z.int().nullable().describe('Length of the body as it came, in bytes'),
    body: textOrNull().describe('As it came, up to 64 KiB; a longer one is at the link'),
    link: textOrNull().describe('Path of the body, `/payloads/{sha256}`; null when it is not kept'),
  })
  .meta({ id: 'Payload', description: 'The body of an answer; null when none came' });

const earlierAttemptSchema = z.strictObject({
  attempt: z.int().describe('Which try it was; the first is 1'),
  ...call,
  payload: z
    .strictObject({
      sha256: z.string().describe('SHA-256 of the body, 64 hexadecimal digits'),
      link: z.string().describe('Path of the body, `/payloads/{sha256}`'),
    })
    .nullable()
    .describe('The body of its answer; null when none came'),
});

/** The call behind a sample. */
export const fetchSchema = z
  .strictObject({
    status: z.string().describe('How the fetch stands: `queued`, `answered`, `failed` and so on'),
    attempts: z.int().describe('How often it was called'),
    max_attempts: z.int().describe('How often it may be called at most'),
    ...call,
    same_call: z
      .boolean()
      .describe(
        'Whether the sample comes from this call; false when the fetch was called again later, for another ticker',
      ),
    payload: payloadSchema.nullable(),
    earlier_attempts: z
      .array(earlierAttemptSchema)
      .describe('Its other calls: those that failed before, and those for some of its tickers'),
  })
  .meta({ id: 'Fetch' });
