import { z } from 'zod';
import { SOURCE_NAMES } from './source-names.js';

const MOST_SECONDS = 86_400;
const LONGEST_BODY = 100_000;

const common = {
  /** Only calls to this source; every source without it. */
  source: z.enum(SOURCE_NAMES).optional(),
  /** Only calls that ask for this name, as the source has it; every call without it. */
  ticker: z.string().min(1).max(100).optional(),
  /** How long the fault lasts. */
  seconds: z.number().positive().max(MOST_SECONDS),
  /** The share of calls that meet it; all without it. */
  probability: z.number().min(0).max(1).optional(),
};

const delayMs = z
  .number()
  .int()
  .min(0)
  .max(MOST_SECONDS * 1000);
const body = z.string().max(LONGEST_BODY);

/** What `POST /simulator/faults` takes. */
export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('status').describe('Answers with this status and the body that the source has for it.'),
    status: z.number().int().min(200).max(599),
    /** Becomes the header `Retry-After`: seconds, or a date as text. */
    retry_after: z.union([z.number().int().min(0).max(MOST_SECONDS), z.string().min(1).max(100)]).optional(),
    body: body.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('delay').describe('Answers rightly, but later. Goes together with a fault of another kind.'),
    delay_ms: delayMs,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('hang').describe('Takes the call and never answers; cut off when the fault ends.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('slow_body').describe('Sends the right body byte by byte; the rest at once when the fault ends.'),
    /** Pause before each byte; a second without it. */
    delay_ms: delayMs.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('truncated').describe('Announces the whole body, sends half of it, and cuts the connection.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('wrong_body').describe('Answers 200 with this body, or with a page of HTML.'),
    body: body.optional(),
  }),
]);

/** A fault as asked for. */
export type Fault = z.output<typeof faultSchema>;
/** What a fault does to a call. */
export type FaultKind = Fault['kind'];
