import { strictFields } from '@app/yaml-file';
import { z } from 'zod';
import { isZone } from '../contract/index.js';
import { isSecretName } from '../http/secret-name.js';
import { isPointer, PLACEHOLDERS, placeholdersIn, WHOLE } from './http-json-path.js';

/** Ids of declared sources: stored with every sample, and apart from those of the sources that Tidemark brings. */
export const DECLARED_IDS = { first: 100, last: 199 } as const;

function textOf(what: string, longest = 500) {
  const fault = `must be ${what}, as a text`;
  // In YAML {source_symbol} without quotes is an object.
  const error = ({ input }: { readonly input?: unknown }): string =>
    typeof input === 'object' && input !== null ? `${fault}; write braces in quotes` : fault;
  return z.string({ error }).min(1, fault).max(longest, `must have at most ${longest} characters`);
}

function wholeNumber(from: number, to: number) {
  const fault = `must be a whole number from ${from} to ${to}`;
  return z.int({ error: fault }).min(from, fault).max(to, fault);
}

function flag() {
  return z.boolean({ error: 'must be true or false' });
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

/** A text with placeholders in braces. */
function template(what: string) {
  return textOf(what).refine(
    (value) => placeholdersIn(value).every((name) => (PLACEHOLDERS as readonly string[]).includes(name)),
    `holds a placeholder that is not known; there are ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`,
  );
}

/** Where a part of an answer stands: `result.list.0.last`, or a JSON pointer, `/result/list/0/last`, or `.` for all of it. */
const pathOrWhole = template('a path such as data.price').refine(
  (value) =>
    value === WHOLE ||
    value.split(isPointer(value) ? '/' : '.').every((step, index) => step !== '' || (index === 0 && isPointer(value))),
  'must be a path such as data.price or a JSON pointer such as /data/price',
);

const path = pathOrWhole.refine((value) => value !== WHOLE, 'must be the path of a field; "." is the whole answer');

const address = template('an address')
  .refine(
    (value) => /^https?:\/\/[^/?#{}]+([/?]|$)/.test(value),
    'must begin with http:// or https:// and a host without placeholders',
  )
  .refine((value) => !value.includes('#'), 'must not hold #')
  .refine(
    (value) =>
      [...value.matchAll(/[?&]([^=&]*)=([^&]*)/g)].every(
        ([, name = '', given = '']) => !isSecretName(name) || placeholdersIn(given).length > 0,
      ),
    'must hold no key: it is stored with every answer; send the key by "key_header" or "key_query"',
  )
  .refine((value) => isDecodable(value), 'holds a % that stands for nothing: write it as %25')
  .refine(
    (value) => URL.canParse(value) && new URL(value).username === '',
    'must be an address without user and password',
  );

const currency = textOf('a currency in lower case, such as usdt').regex(
  /^[a-z0-9-]{1,31}$/,
  'must be a currency in lower case, such as usdt',
);

const TICKER = 'must be a ticker such as btc_usd';
const ticker = z.string({ error: TICKER }).regex(/^[a-z0-9-]{1,31}_[a-z0-9-]{1,31}$/, TICKER);

const IDENTITY = `must be fields of the answer and what they say, such as { data.symbol: '{source_symbol}' }, or none`;
const identityFields = z
  .record(path, template('what the field says'), { error: IDENTITY })
  .refine((fields) => Object.keys(fields).length > 0, IDENTITY);

/** No union, whose faults would not name the wrong field. */
const identity = z.unknown().transform((value, context): 'none' | Readonly<Record<string, string>> => {
  if (value === 'none') return value;
  const read = identityFields.safeParse(value);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? IDENTITY) : issue.message;
    context.addIssue({ code: 'custom', path: [...issue.path], message });
  }
  return z.NEVER;
});

const SUCCESS_VALUE = 'must be a text, a number, true or false, or a list of these';
const successValues = z.preprocess(
  (value): unknown => (Array.isArray(value) ? value : [value]),
  z
    .array(
      z.custom<string | number | boolean>(
        (value) => ['string', 'number', 'boolean'].includes(typeof value),
        SUCCESS_VALUE,
      ),
    )
    .min(1, SUCCESS_VALUE),
);

/** A token of RFC 9110: what the name of a header may be. */
const HEADER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;

const fields = {
  id: wholeNumber(DECLARED_IDS.first, DECLARED_IDS.last),
  name: textOf('a name').regex(
    /^[a-z][a-z0-9-]{0,30}$/,
    'must be lower case letters, digits and -, and begin with a letter',
  ),
  title: textOf('a name for people').optional(),
  url: address,
  /** What stands for a ticker in the address, by ticker. */
  source_symbols: z
    .record(ticker, textOf('what the source calls the ticker'), {
      error: 'must be names by ticker, such as { btc_usd: BTCUSD }',
    })
    .optional(),
  /** What stands for a ticker that `source_symbols` leaves out. Without either it is the ticker itself. */
  source_symbol_template: template("a text such as '{BASE}-{QUOTE}'").optional(),
  /**
   * Whose the price is: fields of the answer, and what they say, `*` for anything; `none` where an answer never says it. With `rows`
   * these are fields of a row, and choose it.
   */
  identity: identity.optional(),
  /** The answer says which coin and never in which currency, though currencies can be asked for: what comes is taken for the right one. */
  quote_identity: oneOf(['none']).optional(),
  /** The list of which one row is read. Paths with points begin at that row then, JSON pointers at the answer. */
  rows: pathOrWhole.optional(),
  /** Lists are read by position even when they have several rows or values: the API promises their order, and all are of one coin. */
  by_position: flag().optional(),
  price: pathOrWhole,
  /** Whether the price is a JSON number or a text; default: either. */
  price_as: oneOf(['number', 'text']).optional(),
  /** Decimal places by which the point of the price is moved to the left: 2 for cents, 8 for satoshis. */
  scale: wholeNumber(1, 30).optional(),
  /** The answer has units of the base for one unit of the quote. */
  inverted: flag().optional(),
  /** The currency of the prices, when it is not that of the ticker. */
  quoted_in: currency.optional(),
  time: path.optional(),
  time_unit: oneOf(['seconds', 'milliseconds', 'microseconds', 'nanoseconds', 'iso']).optional(),
  /** Some answers have no time; default: one without it is drift. */
  time_optional: flag().optional(),
  /** The zone of ISO times that name none: an IANA name or an offset. */
  time_zone: textOf('a time zone').refine(isZone, 'must be a time zone such as UTC, Asia/Seoul or +09:00').optional(),
  /** How an answer says that it is none of an error: the value of a field. */
  success: strictFields(
    { path, is: successValues.optional(), is_not: successValues.optional() },
    'must be an object such as { path: code, is: "0" }',
  ).optional(),
  /** Where an answer that is an error has its words. */
  error: path.optional(),
  limit: strictFields(
    {
      calls: wholeNumber(1, 1_000_000),
      per_seconds: z
        .number({ error: 'must be a number of seconds' })
        .min(0.1, 'must be at least 0.1 seconds')
        .max(2_678_400, 'must be at most 2678400 seconds, a month'),
      origin: textOf('where the number comes from'),
    },
    'must be an object with calls, per_seconds and origin',
  ),
  /** What a month allows, in calls. */
  monthly: strictFields(
    { credits: wholeNumber(1, Number.MAX_SAFE_INTEGER), origin: textOf('where the number comes from') },
    'must be an object with credits and origin',
  ).optional(),
  /** The header that carries the key, which the environment holds. */
  key_header: strictFields(
    {
      name: textOf('the name of a header').regex(HEADER, 'must be the name of a header'),
      value: textOf("a text such as 'Bearer {key}'")
        .refine((value) => value.includes('{key}'), 'must hold {key}')
        .default('{key}'),
    },
    'must be an object such as { name: X-Api-Key }',
  ).optional(),
  /** The query parameter that carries the key; the address that is stored is without it. */
  key_query: strictFields(
    { name: textOf('the name of a query parameter', 100) },
    'must be an object such as { name: api_key }',
  ).optional(),
};

/** Schema of one declaration, of its fields each by itself. */
export const declarationSchema = strictFields(fields, 'must be an object with id, name, url, price and limit');

/** One API that is described by configuration alone. */
export type HttpJsonDeclaration = z.output<typeof declarationSchema>;

function isDecodable(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
