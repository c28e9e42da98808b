import { plainDecimal, type Quote } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourcePlan,
  type SourceReading,
  type SourceRequest,
  wireNumber,
  wireText,
} from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { declaredError } from './http-json-error.js';
import { DeclaredFields } from './http-json-fields.js';
import { fillIn, wireTextOf } from './http-json-path.js';
import { declaredTime } from './http-json-time.js';

/** Makes a source of a declaration: one address and one price in its answer, a ticker at a time. */
export function httpJsonSource(declaration: HttpJsonDeclaration): Source {
  const { id, name, title = name, url, quoted_in: quotedIn } = declaration;
  const price: SourceEndpoint = {
    name: 'price',
    // The answer is of the one ticker whose name stands in the address, or one row of it is read.
    maxBatch: 1,
    request: (tickers) => requestOf(url, onlyOne(name, tickers)),
    recognises: () => true,
    parse: (reader, tickers) => parse(declaration, reader, onlyOne(name, tickers)),
  };
  return {
    id,
    name,
    title,
    plans: [planOf(declaration)],
    endpoints: [price],
    defaultSymbol: ({ ticker }) => symbolOf(declaration, ticker),
    ...(quotedIn === undefined ? {} : { quoteOf: () => quotedIn }),
    explain: (json, _response, nowMs) => declaredError(declaration, json, nowMs),
  };
}

function planOf({ url, limit, monthly, key_header: keyHeader, key_query: keyQuery }: HttpJsonDeclaration): SourcePlan {
  return {
    name: keyHeader === undefined && keyQuery === undefined ? 'free' : 'key',
    baseUrl: new URL(url.replace(/[{}]/g, '')).origin,
    limit: { calls: limit.calls, perSeconds: limit.per_seconds, origin: limit.origin },
    ...(monthly === undefined ? {} : { monthly }),
    ...(keyHeader === undefined
      ? {}
      : { keyHeader: (key: string) => [keyHeader.name, keyHeader.value.replaceAll('{key}', () => key)] as const }),
    ...(keyQuery === undefined ? {} : { keyParameter: keyQuery.name }),
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
  const { price, price_as: type = 'either', scale = 0, inverted } = declaration;
  return reader.each([asked], ({ ticker }): Quote | undefined => {
    const fields = new DeclaredFields(declaration, reader, asked);
    // Null is how an API says that it has no price; a field that is not there is drift.
    if (fields.find(price) === null) return undefined;
    return {
      ticker,
      price: scaled(wireTextOf(fields.take(price, PRICE[type])) ?? '', scale),
      sourceTime: timeOf(declaration, fields),
      ...(inverted === true ? { inverted: true as const } : {}),
    };
  });
}

const PRICE = { number: wireNumber, text: wireText, either: z.union([wireNumber, wireText]) } as const;

/** The digits with their point moved to the left, none of them changed. What is no decimal is handed on as it is, to be rejected. */
function scaled(text: string, places: number): string {
  if (places === 0 || plainDecimal(text) === undefined) return text;
  const [digits = '', exponent = '0'] = text.split(/[eE]/);
  const moved = `${digits}e${Number(exponent) - places}`;
  return plainDecimal(moved) ?? moved;
}

/** A time that is not there is drift unless it may be left out, since a price without one is never stale; so is one that cannot be read. */
function timeOf(declaration: HttpJsonDeclaration, fields: DeclaredFields): Date | undefined {
  const { time, time_optional: isOptional = false } = declaration;
  if (time === undefined || (isOptional && fields.isLeftOut(time))) return undefined;
  return fields.take(time, declaredTime(declaration));
}

function onlyOne(source: string, tickers: readonly RequestedTicker[]): RequestedTicker {
  const [asked, ...others] = tickers;
  if (asked !== undefined && others.length === 0) return asked;
  throw new SourceError('drift', source, `an answer is of one ticker, and ${tickers.length} were asked for`);
}
