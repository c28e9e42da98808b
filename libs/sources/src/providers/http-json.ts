import { type Quote, parseTicker } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type FieldPath,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  type SourceRequest,
  saidError,
  unixTime,
  valueAt,
  wireIsoTime,
  WireNumber,
  wireNumber,
  wireText,
} from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';

/** Makes a source of a declaration: one address and one price in its answer, a ticker at a time. */
export function httpJsonSource(declaration: HttpJsonDeclaration): Source {
  const {
    id,
    name,
    title = name,
    url,
    limit,
    monthly,
    key_header: keyHeader,
    quoted_in: quotedIn,
    error,
  } = declaration;
  const price: SourceEndpoint = {
    name: 'price',
    // The answer is of the one ticker whose name stands in the address.
    maxBatch: 1,
    request: (tickers) => requestOf(url, onlyOne(name, tickers)),
    recognises: () => true,
    parse: (reader, tickers) => parse(declaration, reader, onlyOne(name, tickers)),
  };
  return {
    id,
    name,
    title,
    plans: [
      {
        name: keyHeader === undefined ? 'free' : 'key',
        baseUrl: new URL(url.replace(/[{}]/g, '')).origin,
        limit: { calls: limit.calls, perSeconds: limit.per_seconds, origin: limit.origin },
        ...(monthly === undefined ? {} : { monthly }),
        ...(keyHeader === undefined
          ? {}
          : { keyHeader: (key: string) => [keyHeader.name, keyHeader.value.replaceAll('{key}', () => key)] as const }),
      },
    ],
    endpoints: [price],
    defaultSymbol: ({ ticker }) => symbolOf(declaration, ticker),
    ...(quotedIn === undefined ? {} : { quoteOf: () => quotedIn }),
    explain: (json) => (error === undefined ? undefined : saidError(name, json, pathOf(error))),
  };
}

function symbolOf(
  { source_symbols: symbols, source_symbol_template: template }: HttpJsonDeclaration,
  ticker: string,
): string | undefined {
  const own = symbols !== undefined && Object.hasOwn(symbols, ticker) ? symbols[ticker] : undefined;
  if (own !== undefined) return own;
  if (template !== undefined) return fillIn(template, { ticker, sourceSymbol: ticker });
  return symbols === undefined ? ticker : undefined;
}

/** The address is taken apart before it is filled in, so that no name can lead elsewhere or add a parameter. */
function requestOf(url: string, asked: RequestedTicker): SourceRequest {
  const [, path = '', query = ''] = /^https?:\/\/[^/?]+([^?]*)\??(.*)$/.exec(url) ?? [];
  const pairs = query.split('&').filter((pair) => pair !== '');
  return {
    path: fillIn(path, asked, encodeURIComponent),
    query: Object.fromEntries(
      pairs.map((pair) => {
        const [, key = '', value = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? [];
        return [decodeURIComponent(key), fillIn(decodeURIComponent(value), asked)];
      }),
    ),
  };
}

function parse(
  declaration: HttpJsonDeclaration,
  reader: AnswerReader,
  asked: RequestedTicker,
): readonly SourceReading[] {
  const at = pathOf(declaration.price, asked);
  // Null is how an API says that it has no price; a field that is not there is drift.
  if (valueAt(reader.json, at) === null) return [];
  return reader.each([asked], ({ ticker }): Quote => {
    // Read from what the schema gives, in which a field that has drifted may have been mapped.
    const shaped = reader.shape(schemaAt(at, PRICE[declaration.price_as ?? 'either']));
    return {
      ticker,
      price: textOf(valueAt(shaped, at)) ?? '',
      sourceTime: readTime(declaration, reader, asked),
      ...(declaration.inverted === true ? { inverted: true as const } : {}),
    };
  });
}

const PRICE = { number: wireNumber, text: wireText, either: z.union([wireNumber, wireText]) } as const;

/** The schema of an answer that has a value of this schema at a path. A step of digits is a place in a list. */
function schemaAt(path: FieldPath, schema: z.ZodType): z.ZodType {
  return path.reduceRight<z.ZodType>((inner, step) => {
    if (!/^\d{1,3}$/.test(step)) return z.object({ [step]: inner });
    const skipped = Array.from({ length: Number(step) }, (): z.ZodType => z.unknown());
    const [first = inner, ...others] = [...skipped, inner];
    return z.tuple([first, ...others]).rest(z.unknown());
  }, schema);
}

/** A time that is not there is undefined; one that cannot be read is drift. */
function readTime(
  { time, time_unit: unit = 'seconds' }: HttpJsonDeclaration,
  reader: AnswerReader,
  asked: RequestedTicker,
): Date | undefined {
  const at = time === undefined ? undefined : pathOf(time, asked);
  const value = at === undefined ? undefined : valueAt(reader.json, at);
  return value === undefined || value === null ? undefined : reader.shape(timeSchema(unit), value, at);
}

const UNITS_PER_SECOND = { seconds: 1, milliseconds: 1000, microseconds: 1_000_000 } as const;

function timeSchema(unit: NonNullable<HttpJsonDeclaration['time_unit']>): z.ZodType<Date> {
  if (unit === 'iso') return wireIsoTime;
  return z.unknown().transform((value, context) => {
    const text = textOf(value) ?? '';
    // Some APIs write seconds with a fraction.
    const digits = unit === 'seconds' ? text.replace(/^(\d{10})\.\d{1,9}$/, '$1') : text;
    const read = unixTime(digits, UNITS_PER_SECOND[unit]);
    if (read !== undefined) return read;
    context.addIssue({ code: 'custom', message: `expected a time in UNIX ${unit} between 2010 and 2100` });
    return z.NEVER;
  });
}

function textOf(value: unknown): string | undefined {
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' ? value : undefined;
}

/** Steps of a declared path, which is written with points or as a JSON pointer; placeholders are filled in afterwards, step by step. */
export function pathOf(path: string, asked?: RequestedTicker): FieldPath {
  const steps = path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
  return asked === undefined ? steps : steps.map((step) => fillIn(step, asked));
}

function fillIn(template: string, { ticker, sourceSymbol }: RequestedTicker, encode = (text: string) => text): string {
  const { base = '', quote = '' } = parseTicker(ticker) ?? {};
  const values: Readonly<Record<string, string>> = {
    ticker,
    source_symbol: sourceSymbol,
    base,
    quote,
    BASE: base.toUpperCase(),
    QUOTE: quote.toUpperCase(),
  };
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => encode(values[name] ?? whole));
}

function onlyOne(source: string, tickers: readonly RequestedTicker[]): RequestedTicker {
  const [asked, ...others] = tickers;
  if (asked !== undefined && others.length === 0) return asked;
  throw new SourceError('drift', source, `an answer is of one ticker, and ${tickers.length} were asked for`);
}
