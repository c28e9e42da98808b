import { parseTicker } from '@app/domain';
import { type HttpJsonDeclaration, httpJsonSource, readDeclarationsFile } from '@app/sources';
import { assetOf } from '../market/assets.js';
import { declaredAnswer, declaredRefusal, isOfSeveral, type ListedTicker } from './declared-answer.js';
import { fixedText, significantDecimals } from '../market/price-style.js';
import { LISTED_BY_SIZE } from './asset-names.js';
import type { SimulatedSource, SourceRequest, SourceRoute } from './simulated-source.js';
import { jsonAnswer, nginxAnswer, type SourceAnswer } from './source-answer.js';

/** What the large assets are asked for in, besides the tickers that the declaration names. */
const QUOTES = ['usd', 'usdt', 'usdc', 'eur', 'gbp', 'btc', 'eth'];

const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 12;

/** A ticker as the declared source is asked for it. */
interface Listed extends ListedTicker {
  /** Without a slash at the end. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Stand-ins for the sources that the file declares; none without a file. @throws DeclarationError naming every fault at once. */
export async function readDeclaredStandIns(file: string | undefined): Promise<readonly SimulatedSource[]> {
  return file === undefined ? [] : (await readDeclarationsFile(file)).map(declaredStandIn);
}

/** Stands in for a declared source: its answers have what the declaration looks for, where it looks for it, and nothing else. */
export function declaredStandIn(declaration: HttpJsonDeclaration): SimulatedSource {
  const listed = listedOf(declaration);
  const { scale = 0, key_query: keyQuery } = declaration;
  const refuse = (status: number): SourceAnswer =>
    jsonAnswer(status, JSON_HEADERS, declaredRefusal(declaration, status));
  const routes = [...Map.groupBy(listed, ({ path }) => path)].map(([path, at]): SourceRoute => {
    /** The one that is asked for; all of them, where one answer has the prices of each. */
    const found = (request: SourceRequest): readonly Listed[] => {
      const asked = at.filter(({ query }) =>
        Object.entries(query).every(([name, value]) => request.query(name) === value),
      );
      return isOfSeveral(declaration) ? asked : asked.slice(0, 1);
    };
    return {
      path,
      asked: (request) => ({ names: found(request).map(({ sourceSymbol }) => sourceSymbol) }),
      answer: (request, writer) => {
        if (keyQuery !== undefined && (request.query(keyQuery.name) ?? '') === '') return refuse(401);
        const some = found(request).filter(({ sourceSymbol }) => writer.lists(sourceSymbol));
        return some.length === 0
          ? refuse(404)
          : jsonAnswer(200, JSON_HEADERS, declaredAnswer(declaration, some, writer));
      },
    };
  });
  return {
    name: declaration.name,
    prefix: `/${declaration.name}`,
    style: {
      decimals: (magnitude) => significantDecimals(magnitude, FEWEST_DECIMALS, MOST_DECIMALS),
      // With so many zeros that none has to be added when the point is moved.
      text: (units, decimals) => fixedText(units, decimals, Math.max(decimals, scale)),
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
