import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseTicker } from '@app/domain';
import type { Drift } from '../contract/drifted-field.js';
import { valueAt as wireValueAt } from '../contract/drift.js';
import { SourceError } from '../contract/source-error.js';
import { tryReadJson, WireNumber } from '../contract/read-json.js';
import type { Source } from '../contract/source.js';
import { isQuote, type RequestedTicker } from '../contract/source-message.js';
import { readAnswer } from '../read-answer.js';
import { conflictsOf, SOURCES } from '../registry.js';
import { pathsOf, parseFixture, type Json } from './mutate-json.contract.js';
import type { SourceContract } from './source-fixtures.contract.js';

/** Below are the ids of sources with a file of their own; those of declared sources and of ccxt follow. */
const FIRST_DECLARED_ID = 100;
const SETTINGS = fileURLToPath(new URL('../../../../.env.example', import.meta.url));

/**
 * What is wrong with what a source says of itself, each with its cure; empty when nothing is.
 * @param registered the sources of the registry.
 * @param settings the text of `.env.example`.
 */
export function faultsOfSource(
  source: Source,
  registered: readonly Source[] = SOURCES,
  settings: string = existsSync(SETTINGS) ? readFileSync(SETTINGS, 'utf8') : '',
): string[] {
  const { id, name, plans, endpoints } = source;
  const isBuiltIn = id < FIRST_DECLARED_ID;
  const file = `libs/sources/src/providers/${name}.source.ts`;
  const faults = [
    /^(ccxt:)?[a-z][a-z0-9-]{0,30}$/.test(name)
      ? ''
      : `name is "${name}": write it in lower case letters, digits and -, as ${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}; for people there is title`,
    Number.isInteger(id) && id > 0
      ? ''
      : `id is ${id}: take the next free one, ${nextFreeId(registered)}, and never change it`,
    ...plans.flatMap((plan) => faultsOfPlan(plan)),
    endpoints.some(({ maxBatch }) => !Number.isInteger(maxBatch) || maxBatch < 1)
      ? 'maxBatch: say how many tickers one call may ask for, 1 or more'
      : '',
  ].filter((fault) => fault !== '');
  if (!isBuiltIn) return faults;
  // A spec may hold a copy of it, with other endpoints.
  const isSame = (other: Source): boolean => other.id === id && other.name === name;
  if (!registered.some(isSame)) {
    faults.push(
      `${name} is in no list: import it in libs/sources/src/registry.ts and add it to the end of \`known\` there`,
    );
  }
  const others = registered.filter((other) => !isSame(other));
  for (const conflict of conflictsOf([...others, source])) {
    const cure = conflict.includes(' id ')
      ? `the next free id is ${nextFreeId(registered)}: change it in ${file}`
      : `choose another name in ${file}`;
    faults.push(`${conflict}: ${cure}`);
  }
  const variable = `${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_URL`;
  if (registered.some(isSame) && !settings.includes(`${variable}=`)) {
    faults.push(`${variable} is not in .env.example: run \`npm run generate\`, and commit what it writes`);
  }
  return faults;
}

/** The id for a new source with a file of its own. */
function nextFreeId(registered: readonly Source[]): number {
  return Math.max(0, ...registered.map(({ id }) => id).filter((id) => id < FIRST_DECLARED_ID)) + 1;
}

function faultsOfPlan({ name, baseUrl, limit, monthly }: Source['plans'][0]): string[] {
  const where = `plan "${name}"`;
  return [
    // A library with HTTP of its own has no such address.
    /^(https?|ccxt):\/\/.*[^/]$/.test(baseUrl)
      ? ''
      : `${where}: baseUrl is "${baseUrl}": write https://, the host, and no slash at the end`,
    limit.calls > 0 && limit.perSeconds > 0
      ? ''
      : `${where}: limit is ${limit.calls} calls in ${limit.perSeconds} s: both are numbers above 0`,
    limit.origin?.trim()
      ? ''
      : `${where}: limit has no origin: say where the number comes from, such as "api.example.com/docs/limits: 60 a minute"`,
    monthly === undefined || (monthly.credits > 0 && monthly.origin?.trim())
      ? ''
      : `${where}: monthly needs credits above 0 and an origin, the page that says so`,
  ].filter((fault) => fault !== '');
}

/** What does not fit together in the fixtures of a contract, each with its cure; empty when nothing is. */
export function faultsOfFixtures(contract: SourceContract): string[] {
  const { source, tickers } = contract;
  const [first] = contract.goodBodies as readonly (SourceContract['goodBodies'][0] | undefined)[];
  if (first === undefined)
    return ['goodBodies is empty: paste one answer of the API that holds every one of `tickers`'];
  const unreadable = contract.goodBodies.filter(({ body }) => tryReadJson(body) === undefined);
  if (unreadable.length > 0)
    return unreadable.map(({ name }) => `goodBodies "${name}" is no JSON: paste the whole answer as it came`);
  const endpoint = source.endpoints.find(({ name }) => name === (contract.endpoint ?? source.endpoints[0].name));
  if (endpoint === undefined)
    return [`endpoint is "${contract.endpoint}": it must be one of ${source.endpoints.map(({ name }) => name).join()}`];
  return [
    ...(tickers.length === 0 ? ['tickers is empty: name at least one ticker and its symbol at the source'] : []),
    ...(tickers.length > endpoint.maxBatch
      ? [
          `tickers has ${tickers.length}, and maxBatch of ${endpoint.name} is ${endpoint.maxBatch}: ask for as many at most`,
        ]
      : []),
    ...faultsOfSymbols(contract),
    ...tickers.flatMap((asked) => faultsOfTicker(contract, asked, parseFixture(first.body))),
    ...first.quotes
      .filter(({ ticker }) => !tickers.some((asked) => asked.ticker === ticker))
      .map(({ ticker }) => `goodBodies "${first.name}" has a quote of ${ticker}, which is not among \`tickers\``),
    ...Object.keys(contract.priceFields)
      .filter((ticker) => !tickers.some((asked) => asked.ticker === ticker))
      .map((ticker) => `priceFields has ${ticker}, which is not among \`tickers\``),
    ...contract.goodBodies.flatMap(({ name, quotes }) =>
      quotes
        .filter(({ price }) => typeof price !== 'string')
        .map(
          ({ ticker, price }) =>
            `goodBodies "${name}": the price of ${ticker} is ${typeof price} ${String(price)}: write its digits as a text, exactly as they stand in the answer`,
        ),
    ),
  ];
}

/** Catalogues may give symbols of their own; a source with a file knows some by itself. */
function faultsOfSymbols({ source, tickers }: SourceContract): string[] {
  const isKnown = tickers.some(({ ticker }) => {
    const parts = parseTicker(ticker);
    return parts !== undefined && source.defaultSymbol(parts) !== undefined;
  });
  // One of several endpoints may be tried with made-up tickers.
  if (isKnown || source.endpoints.length > 1 || source.id >= FIRST_DECLARED_ID || tickers.length === 0) return [];
  const wanted = tickers.map(({ ticker, sourceSymbol }) => `"${sourceSymbol}" for ${ticker}`).join(', ');
  return [`defaultSymbol has no symbol for these tickers: let it return ${wanted}, or every catalogue has to say it`];
}

function faultsOfTicker(
  { goodBodies: [first], priceFields, timeFields, receivedAt }: SourceContract,
  { ticker, sourceSymbol }: RequestedTicker,
  root: Json,
): string[] {
  const parts = parseTicker(ticker);
  if (parts === undefined) return [`ticker "${ticker}" is none: write base and quote in lower case, as btc_usd`];
  const quote = first.quotes.find((candidate) => candidate.ticker === ticker);
  if (quote === undefined)
    return [`goodBodies "${first.name}" has no quote of ${ticker}: an answer that holds every ticker stands first`];
  const place = pathText(priceFields[ticker]);
  const price = priceFields[ticker] === undefined ? undefined : textAt(root, priceFields[ticker]);
  const time = timeFields?.paths[ticker];
  const late = receivedAt !== undefined && quote.sourceTime !== undefined && quote.sourceTime > receivedAt;
  return [
    ...(sourceSymbol === '' ? [`tickers: ${ticker} has no sourceSymbol: write what the source calls it`] : []),
    ...(priceFields[ticker] === undefined
      ? [`priceFields has no ${ticker}: write where its price stands, such as ['data', 'last']`]
      : []),
    ...(priceFields[ticker] !== undefined && price === undefined
      ? [`priceFields: nothing stands at ${place} in goodBodies "${first.name}", which has ${pathsIn(root)}`]
      : []),
    ...(price !== undefined && typeof quote.price === 'string' && price !== quote.price
      ? [
          `goodBodies "${first.name}" has ${price} at ${place}, and its quote of ${ticker} says ${quote.price}: they are one text`,
        ]
      : []),
    ...(time !== undefined && textAt(root, time) === undefined
      ? [`timeFields: nothing stands at ${pathText(time)} in goodBodies "${first.name}", which has ${pathsIn(root)}`]
      : []),
    ...(late ? [`receivedAt lies before the time of ${ticker}: leave it out, or let it be later`] : []),
  ];
}

function textAt(root: Json, path: readonly string[]): string | undefined {
  const value = wireValueAt(root, path);
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' ? value : undefined;
}

function pathText(path: readonly string[] | undefined): string {
  return (path ?? []).join('.');
}

function pathsIn(root: Json): string {
  const paths = pathsOf(root).map(pathText);
  return paths.slice(0, 12).join(', ') + (paths.length > 12 ? ', ...' : '');
}

/** Why a good answer is not read, in words that name the cure; undefined when it is read, or where there is none. */
export function hintOf(
  source: Source,
  body: string,
  asked: readonly RequestedTicker[],
  endpoint?: string,
): string | undefined {
  try {
    const { readings, drifts } = readAnswer(source, asked, { status: 200, headers: {}, body }, { endpoint, nowMs: 0 });
    const wrong = readings.filter(isQuote).find(({ price }) => typeof price !== 'string');
    if (wrong !== undefined)
      return `the price of ${wrong.ticker} is no text: hand on its digits, \`price: last.text\` of a wireNumber`;
    return drifts.map((drift) => hintOfDrift(drift, body)).find((hint) => hint !== undefined);
  } catch (error) {
    if (!(error instanceof SourceError)) return undefined;
    if (error.drift !== undefined) return hintOfDrift(error.drift, body);
    if (error.cause instanceof Error)
      return `parse threw "${error.cause.message}": let reader.shape(...) look at the answer before its parts are used`;
    return error.kind === 'drift'
      ? undefined
      : `explain calls this answer ${error.kind}: it gives undefined for a good one`;
  }
}

function hintOfDrift({ field, detail }: Drift, body: string): string | undefined {
  const value = wireValueAt(tryReadJson(body), field);
  if (/expected (UNIX|an ISO|a time)/.test(detail)) {
    const schema = timeSchemaOf(value);
    return schema === undefined ? undefined : `${detail}. What stands there is read by ${schema}`;
  }
  if (value instanceof WireNumber)
    return `${detail}. What stands there is a JSON number, which keeps its digits as a WireNumber: read it by wireNumber (not z.number()), and take its .text`;
  if (typeof value === 'string' && /expected a number/.test(detail)) {
    const schema = timeSchemaOf(value);
    return `${detail}. What stands there is a text: read it by wireText${schema === undefined ? '' : `, or as a time by ${schema}`}`;
  }
  return undefined;
}

function timeSchemaOf(value: unknown): string | undefined {
  const text = value instanceof WireNumber ? value.text : value;
  const isText = typeof value === 'string';
  if (typeof text !== 'string') return undefined;
  if (/^\d{10}$/.test(text)) return isText ? 'wireSecondsText' : 'wireSeconds';
  if (/^\d{13}$/.test(text)) return isText ? 'wireMillisecondsText' : 'wireMilliseconds';
  return /^\d{4}-\d\d-\d\dT/.test(text) ? 'wireIsoTime' : undefined;
}
