import { z } from 'zod';
import { parse as parseYaml } from 'yaml';

/** Ids of declared sources: stored with every sample, and apart from those of the sources that Tidemark brings. */
export const DECLARED_IDS = { first: 100, last: 199 } as const;

const PLACEHOLDERS = ['ticker', 'source_symbol', 'base', 'quote', 'BASE', 'QUOTE'];

const text = z.string().min(1).max(500);

/** A text with placeholders in braces. */
const template = text.refine(
  (value) => [...value.matchAll(/\{([^{}]*)\}/g)].every(([, name = '']) => PLACEHOLDERS.includes(name)),
  `holds a placeholder that is not known; there are ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`,
);

/** Where a value stands in the answer: `result.list.0.last`, or a JSON pointer, `/result/list/0/last`. */
const path = template.refine(
  (value) =>
    value
      .split(value.startsWith('/') ? '/' : '.')
      .every((step, index) => step !== '' || (index === 0 && value.startsWith('/'))),
  'must be a path such as data.price or a JSON pointer such as /data/price',
);

const address = template
  .refine(
    (value) => /^https?:\/\/[^/?#{}]+([/?]|$)/.test(value),
    'must begin with http:// or https:// and a host without placeholders',
  )
  .refine((value) => !value.includes('#'), 'must not hold #')
  .refine(
    (value) => !/[?&][^=&]*(key|token|secret|password)[^=&]*=/i.test(value),
    'must hold no key: it is stored with every answer; send the key by "key_header"',
  )
  .refine((value) => isDecodable(value), 'holds a % that stands for nothing: write it as %25')
  .refine(
    (value) => URL.canParse(value) && new URL(value).username === '',
    'must be an address without user and password',
  );

const currency = z.string().regex(/^[a-z0-9-]{1,31}$/, 'must be a currency in lower case, such as usdt');
const ticker = z.string().regex(/^[a-z0-9-]{1,31}_[a-z0-9-]{1,31}$/, 'must be a ticker such as btc_usd');

const declaration = z.strictObject({
  id: z
    .int()
    .min(DECLARED_IDS.first)
    .max(DECLARED_IDS.last)
    .describe('Stored with every sample: never change it, never use it again.'),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower case letters, digits and -, and begin with a letter'),
  title: text.optional(),
  url: address,
  /** What stands for a ticker in the address, by ticker. */
  source_symbols: z.record(ticker, text).optional(),
  /** What stands for a ticker that `source_symbols` leaves out. Without either it is the ticker itself. */
  source_symbol_template: template.optional(),
  price: path,
  /** Whether the price is a JSON number or a text; default: either. */
  price_as: z.enum(['number', 'text']).optional(),
  /** The answer has units of the base for one unit of the quote. */
  inverted: z.boolean().optional(),
  /** The currency of the prices, when it is not that of the ticker. */
  quoted_in: currency.optional(),
  time: path.optional(),
  time_unit: z.enum(['seconds', 'milliseconds', 'microseconds', 'iso']).optional(),
  /** Where an answer that is an error has its words. */
  error: path.optional(),
  limit: z.strictObject({
    calls: z.int().min(1).max(1_000_000),
    per_seconds: z.number().min(0.1).max(2_678_400),
    origin: text,
  }),
  /** What a month allows, in calls. */
  monthly: z.strictObject({ credits: z.int().min(1), origin: text }).optional(),
  /** The header that carries the key, which the environment holds. */
  key_header: z
    .strictObject({
      name: z.string().regex(/^[A-Za-z0-9-]{1,60}$/, 'must be the name of a header'),
      value: text.refine((value) => value.includes('{key}'), 'must hold {key}').default('{key}'),
    })
    .optional(),
});

/** One API that is described by configuration alone. */
export type HttpJsonDeclaration = z.output<typeof declaration>;

const file = z.strictObject({ sources: z.array(declaration).max(DECLARED_IDS.last - DECLARED_IDS.first + 1) });

/** Thrown when declared sources cannot be used; the message names the setting and every fault at once. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(of: string, faults: readonly string[], options?: ErrorOptions) {
    // What YAML says of a fault has a piece of the file below it.
    const items = faults.map((fault) => `  - ${fault.trimEnd().replaceAll(/\n+/g, '\n    ')}`);
    super(`${of} is not usable:\n${items.join('\n')}`, options);
  }
}

/** Reads the text of a YAML file with declared sources. @param of names the file in errors. @throws DeclarationError */
export function readDeclarations(yaml: string, of: string): readonly HttpJsonDeclaration[] {
  let value: unknown;
  try {
    value = parseYaml(yaml);
  } catch (error) {
    throw new DeclarationError(of, [error instanceof Error ? error.message : String(error)], { cause: error });
  }
  const result = file.safeParse(value);
  const faults = result.success ? result.data.sources.flatMap(faultsOf) : issuesOf(result.error);
  if (!result.success || faults.length > 0) throw new DeclarationError(of, faults);
  return result.data.sources;
}

/** What no field shows by itself. */
function faultsOf(
  {
    time,
    time_unit: unit,
    url,
    price,
    source_symbols: symbols,
    source_symbol_template: symbolTemplate,
  }: HttpJsonDeclaration,
  index: number,
): string[] {
  const where = `sources.${index}`;
  const isFixed = ![url, price].some((part) => part.includes('{'));
  return [
    ...(time !== undefined && unit === undefined ? [`${where}.time_unit: name the unit of "time"`] : []),
    ...(time === undefined && unit !== undefined ? [`${where}.time: "time_unit" is named, and no "time"`] : []),
    ...(isFixed && Object.keys(symbols ?? {}).length !== 1
      ? [
          `${where}.url: neither the address nor "price" has a placeholder, so name the one ticker that it gives in "source_symbols"`,
        ]
      : []),
    ...(isFixed && symbolTemplate !== undefined
      ? [`${where}.source_symbol_template: has no place in an address without placeholders`]
      : []),
  ];
}

function issuesOf(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    const at = issue.path.map(String).join('.') || 'the file';
    if (issue.code !== 'unrecognized_keys') return [`${at}: ${issue.message}`];
    // A path of two leads to a source of the list.
    const known = issue.path.length === 2 ? `; known are ${Object.keys(declaration.shape).join(', ')}` : '';
    return issue.keys.map((key) => `${at}.${key}: is not a known field${known}`);
  });
}

function isDecodable(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
