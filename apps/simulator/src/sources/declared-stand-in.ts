import { parseTicker } from '@app/domain';
import { declaredPath, type HttpJsonDeclaration, httpJsonSource, readDeclarationsFile } from '@app/sources';
import { assetOf } from '../market/assets.js';
import { fixedText, significantDecimals } from '../market/price-style.js';
import { LISTED_BY_SIZE } from './asset-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest, SourceRoute, WireForm } from './simulated-source.js';
import { jsonAnswer, nginxAnswer, type SourceAnswer } from './source-answer.js';

/** What the large assets are asked for in, besides the tickers that the declaration names. */
const QUOTES = ['usd', 'usdt', 'usdc', 'eur', 'gbp', 'btc', 'eth'];

const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 12;

/** A ticker as the declared source is asked for it. */
interface Listed {
  readonly ticker: string;
  readonly sourceSymbol: string;
  /** Without a slash at the end. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: WireForm;
}

/** Stand-ins for the sources that the file declares; none without a file. @throws DeclarationError naming every fault at once. */
export async function readDeclaredStandIns(file: string | undefined): Promise<readonly SimulatedSource[]> {
  return file === undefined ? [] : (await readDeclarationsFile(file)).map(declaredStandIn);
}

/** Stands in for a declared source: its answers have price and time where the declaration looks for them, and nothing else. */
export function declaredStandIn(declaration: HttpJsonDeclaration): SimulatedSource {
  const listed = listedOf(declaration);
  const refuse = (status: number): SourceAnswer => jsonAnswer(status, JSON_HEADERS, errorText(declaration, status));
  const routes = [...Map.groupBy(listed, ({ path }) => path)].map(([path, at]): SourceRoute => {
    const found = (request: SourceRequest) =>
      at.find(({ query }) => Object.entries(query).every(([name, value]) => request.query(name) === value));
    return {
      path,
      asked: (request) => ({ names: [found(request)?.sourceSymbol ?? []].flat() }),
      answer: (request, writer) => {
        const one = found(request);
        return one === undefined ? refuse(404) : jsonAnswer(200, JSON_HEADERS, answerText(declaration, one, writer));
      },
    };
  });
  return {
    name: declaration.name,
    prefix: `/${declaration.name}`,
    style: {
      decimals: (magnitude) => significantDecimals(magnitude, FEWEST_DECIMALS, MOST_DECIMALS),
      text: (units, decimals) => fixedText(units, decimals, decimals),
    },
    routes,
    formsOf: (name, quote) => {
      const named = listed.filter(({ sourceSymbol }) => sourceSymbol === name);
      return named
        .toSorted((one, other) => Number(isIn(other, quote)) - Number(isIn(one, quote)))
        .slice(0, 1)
        .map(({ form }) => form);
    },
    failing: (status) => (status >= 500 ? nginxAnswer(status) : refuse(status)),
    unknown: () => refuse(404),
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

function isIn({ ticker }: Listed, quote: string): boolean {
  return ticker.endsWith(`_${quote}`);
}

/** The tickers of the simulated market that the source has a name for. */
function listedOf(declaration: HttpJsonDeclaration): readonly Listed[] {
  const source = httpJsonSource(declaration);
  const common = QUOTES.flatMap((quote) => LISTED_BY_SIZE.map((base) => `${base}_${quote}`));
  const tickers = new Set([...Object.keys(declaration.source_symbols ?? {}), ...common]);
  return [...tickers].flatMap((ticker) => {
    const parts = parseTicker(ticker);
    const sourceSymbol = parts && source.defaultSymbol(parts);
    if (parts === undefined || sourceSymbol === undefined || parts.base === parts.quote) return [];
    const quote = declaration.quoted_in ?? parts.quote;
    if (assetOf(parts.base) === undefined || assetOf(quote) === undefined) return [];
    const { path, query } = source.endpoints[0].request([{ ticker, sourceSymbol }]);
    const form = {
      ticker: `${parts.base}_${quote}`,
      ...(declaration.inverted === true && { inverted: true as const }),
    };
    return [{ ticker, sourceSymbol, path: path.replace(/\/+$/, ''), query, form }];
  });
}

function answerText(declaration: HttpJsonDeclaration, listed: Listed, writer: PriceWriter): string {
  const { ticker, sourceSymbol, form } = listed;
  const pathOf = (path: string) => [...declaredPath(path, { ticker, sourceSymbol })];
  const price = writer.text(sourceSymbol, form.ticker, { inverted: form.inverted === true });
  const at = pathOf(declaration.price);
  const field = at.at(-1) ?? '';
  // A place in a list has no name that could be misspelt.
  if (!isPlace(field)) at.splice(-1, 1, writer.field(field, sourceSymbol));
  const root: Branch = new Map();
  put(root, at, writer.value(sourceSymbol, price, declaration.price_as === 'text' ? 'string' : 'number'));
  if (declaration.time !== undefined) put(root, pathOf(declaration.time), timeText(declaration, writer));
  return written(root);
}

function timeText({ time_unit: unit }: HttpJsonDeclaration, writer: PriceWriter): string {
  const milliseconds = Math.floor(writer.clockMs);
  switch (unit) {
    case 'iso':
      return JSON.stringify(new Date(milliseconds).toISOString());
    case 'microseconds':
      return `${milliseconds}000`;
    case 'milliseconds':
      return String(milliseconds);
    case 'seconds':
    case undefined:
      return String(writer.second);
  }
}

/** Words that are read as what the status says. */
function errorText({ error }: HttpJsonDeclaration, status: number): string {
  const words = status === 404 ? 'not found' : status === 429 ? 'too many requests' : `error ${status}`;
  const root: Branch = new Map();
  if (error !== undefined) put(root, declaredPath(error), JSON.stringify(words));
  return written(root);
}

/** An object or list that is being written: JSON texts by their steps. */
type Branch = Map<string, Branch | string>;

function put(root: Branch, path: readonly string[], text: string): void {
  const [step = '', ...rest] = path;
  if (rest.length === 0) {
    root.set(step, text);
    return;
  }
  const known = root.get(step);
  const branch: Branch = known instanceof Map ? known : new Map<string, Branch | string>();
  root.set(step, branch);
  put(branch, rest, text);
}

function written(value: Branch | string | undefined): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return value;
  const steps = [...value.keys()];
  if (steps.length > 0 && steps.every(isPlace)) {
    const length = Math.max(...steps.map(Number)) + 1;
    return `[${Array.from({ length }, (_, place) => written(value.get(String(place)))).join(',')}]`;
  }
  return `{${[...value].map(([step, inner]) => `${JSON.stringify(step)}:${written(inner)}`).join(',')}}`;
}

function isPlace(step: string): boolean {
  return /^\d{1,3}$/.test(step);
}
