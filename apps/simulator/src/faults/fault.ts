import { z } from 'zod';
import { RETYPED_AS } from './spoil-price.js';

const MOST_SECONDS = 86_400;
/** A planned fault may last longer than one that starts now, but its end must fit a timer. */
const LONGEST_PLANNED_SECONDS = 7 * 86_400;
const LONGEST_BODY = 100_000;
const LATEST_SECOND = 4_102_444_800;
const MOST_BYTES = 1_073_741_824;

const unixSecond = z.number().int().min(0).max(LATEST_SECOND);

const common = {
  /** Only calls to this source; every source without it. Whoever takes a fault checks that there is such a source. */
  source: z.string().optional(),
  /** Only calls that ask for this name, as the source has it (a call for everything asks for every name); every call without it. */
  ticker: z.string().min(1).max(100).optional(),
  /** Only calls to this path below the source's base address, e.g. `/api/v3/ticker/24hr`; every path without it. */
  endpoint: z.string().startsWith('/').max(200).optional(),
  /** How long the fault lasts, from now on or from `from` on. Given unless `to` is. */
  seconds: z.number().positive().max(MOST_SECONDS).optional(),
  /** First UNIX second of a fault that is planned in advance; at once without it. A time that has passed is taken as well. */
  from: unixSecond.optional(),
  /** First UNIX second after it, in place of `seconds`. */
  to: unixSecond.optional(),
  /** The share of calls that meet it; all without it. */
  probability: z.number().min(0).max(1).optional(),
  /** Ends after so many calls have met it. */
  times: z.number().int().min(1).max(1_000_000).optional(),
};

const delayMs = z
  .number()
  .int()
  .min(0)
  .max(MOST_SECONDS * 1000);
const body = z.string().max(LONGEST_BODY);

function plain<Kind extends string>(kind: Kind, description: string) {
  return z.strictObject({ ...common, kind: z.literal(kind).describe(description) });
}

/** What spoils the delivery of an answer, or puts another in its place; the newest one decides. */
const spoilers = [
  z.strictObject({
    ...common,
    kind: z.literal('status').describe('Answers with this status and the body that the source has for it.'),
    status: z.number().int().min(200).max(599),
    /** Becomes the header `Retry-After`: seconds, or a date as text. */
    retry_after: z.union([z.number().int().min(0).max(MOST_SECONDS), z.string().min(1).max(100)]).optional(),
    /** `date` writes the seconds of `retry_after` as the date that lies so far ahead. */
    retry_after_as: z.enum(['seconds', 'date']).optional(),
    body: body.optional(),
  }),
  plain('hang', 'Takes the call and never answers; cut off when the fault ends.'),
  z.strictObject({
    ...common,
    kind: z.literal('slow_body').describe('Sends the right body byte by byte; the rest at once when the fault ends.'),
    /** Pause before each byte; a second without it. */
    delay_ms: delayMs.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('huge_body').describe('Answers 200 with a JSON text that goes on and on.'),
    /** 100 MB without it. */
    bytes: z.number().int().min(1).max(MOST_BYTES).optional(),
    /** Whether the length is announced in a header; by default it is not. */
    announced: z.boolean().optional(),
  }),
  plain('truncated', 'Announces the whole body, sends half of it, and cuts the connection.'),
  plain('truncated_json', 'Answers 200 with the first half of the right body, as if that were all.'),
  plain('empty_body', 'Answers 200 with no body at all.'),
  z.strictObject({
    ...common,
    kind: z.literal('wrong_body').describe('Answers 200 with this body, or with a page of HTML.'),
    body: body.optional(),
  }),
] as const;

/** What changes what is written into the right answer; all of them apply, of those that change the price the newest. */
const writing = [
  z.strictObject({
    ...common,
    kind: z.literal('renamed').describe('The field of the price has another name: `price` becomes `prce`.'),
    renamed_to: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,50}$/)
      .optional(),
  }),
  z.strictObject({
    ...common,
    kind: z
      .literal('retyped')
      .describe('The price has another JSON type: a string for a number and the other way round.'),
    type: z.enum(RETYPED_AS).optional(),
  }),
  plain('missing', 'A name is missing from a batch: the one of `ticker`, or the first.'),
  plain(
    'delisted',
    'The source knows the name of `ticker` no longer: its list lacks it, and a call that asks for it is answered as for any unknown name.',
  ),
  plain('zero', 'The price is 0.'),
  plain('negative', 'The price has a minus before it.'),
  plain('absurd', 'The price is 1e30.'),
  z.strictObject({
    ...common,
    kind: z.literal('off').describe('The source is off by so many percent, e.g. 25.'),
    percent: z.number().min(-90).max(1_000),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('frozen').describe('The source keeps its old prices and, where it tells one, their old time.'),
    /** The second at which its time stands still; the beginning of the fault without it. */
    at: unixSecond.optional(),
    /** Answers as a cache does: with `Age`, and with the `Date` of then. */
    cached: z.boolean().optional(),
  }),
] as const;

/** What `POST /simulator/faults` takes. */
export const faultSchema = z
  .discriminatedUnion('kind', [
    ...spoilers,
    ...writing,
    z.strictObject({
      ...common,
      kind: z.literal('delay').describe('Answers rightly, but later. Goes together with a fault of another kind.'),
      delay_ms: delayMs,
    }),
  ])
  .superRefine(({ kind, ticker, seconds, from, to }, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (seconds === undefined && to === undefined) wrong('seconds', 'must be given, or `to`');
    if (seconds !== undefined && to !== undefined) wrong('to', 'must not be given beside `seconds`');
    if (kind === 'delisted' && ticker === undefined) wrong('ticker', 'must be given: the name that is delisted');
    if (from === undefined || to === undefined) return;
    if (to <= from) wrong('to', 'must lie after `from`');
    if (to - from > LONGEST_PLANNED_SECONDS)
      wrong('to', `must lie within ${LONGEST_PLANNED_SECONDS} seconds of \`from\``);
  });

/** A fault as asked for. */
export type Fault = z.output<typeof faultSchema>;
/** What a fault does to a call. */
export type FaultKind = Fault['kind'];
/** A fault that spoils the delivery. */
export type Spoiler = z.output<(typeof spoilers)[number]>;
/** A fault that changes what is written, with the second at which a frozen source stands still. */
export interface WritingFault {
  readonly fault: z.output<(typeof writing)[number]>;
  readonly frozenAt: number;
}

const WRITING_KINDS: ReadonlySet<FaultKind> = new Set(writing.map(({ shape }) => shape.kind.value));

/** Whether a fault changes what is written and not how it is delivered. */
export function isWriting(fault: Fault): fault is WritingFault['fault'] {
  return WRITING_KINDS.has(fault.kind);
}

/** Whether a fault spoils the delivery. */
export function isSpoiler(fault: Fault): fault is Spoiler {
  return fault.kind !== 'delay' && !isWriting(fault);
}
