// The files of a new source, as text; tools/new-source.mjs formats and writes them.
import { isBranch, NumberText } from './read-answer.mjs';

/** The source itself. */
export function sourceText(plan) {
  const { name, camel, title, id, url, price, time, error, limit, names } = plan;
  const isNumber = price.value instanceof NumberText;
  const own = [
    'onlyFirst',
    ...(error === undefined ? [] : ['saidError']),
    ...(names.length === 0 ? [] : ['symbolText']),
    'type Source',
    'type SourceEndpoint',
    ...(time === undefined ? [] : [time.kind.schema]),
    isNumber ? 'wireNumber' : 'wireText',
  ];
  const schemas = new Map([[price.path, `${isNumber ? 'wireNumber' : 'wireText'}.nullable()`]]);
  if (time !== undefined) schemas.set(time.path, time.kind.schema);
  for (const steps of names) schemas.set(steps.join('\n'), 'z.unknown()');
  const schema = schemaText(plan.json, schemas);
  const checks = names.map(
    (steps) => `reader.shape(symbolText(sourceSymbol), answer${access(steps)}, ${JSON.stringify(steps)}, 'exact');`,
  );
  return `import type { TickerParts } from '@app/domain';
import { z } from 'zod';
import { ${own.join(', ')} } from '../contract/index.js';

const NAME = '${name}';
${schema.includes('ignored') ? '\nconst ignored = z.unknown().optional();\n' : ''}
/** What is not read is named all the same, so that no other field is ever taken for the price. */
const ANSWER = ${schema};

/** One ticker per call. */
const ticker: SourceEndpoint = {
  name: 'ticker',
  maxBatch: 1,
  request: ([asked]) => ({ path: ${requestPath(url)}, query: ${requestQuery(url)} }),
  recognises: () => true,
  parse: (reader, tickers) =>
    reader.each(onlyFirst(tickers), ({ ticker${names.length === 0 ? '' : ', sourceSymbol'} }) => {
      const answer = reader.shape(ANSWER);
      ${names.length === 0 ? '' : '// The answer says whose the price is: that of another symbol is none of this one.'}
      ${checks.join('\n      ')}
      const price = answer${access(price.steps)};
      // Null is how an API says that it has no price; then the ticker is left out, and never 0.
      return price === null ? undefined : { ticker, price${isNumber ? ': price.text' : ''}, sourceTime: ${
        time === undefined ? 'undefined' : `answer${access(time.steps)}`
      } };
    }),
};

/** ${title}: one ticker per call${time === undefined ? ', no time of the price' : ''}. */
export const ${camel}Source: Source = {
  // Stored with every sample: never change it, never use it again.
  id: ${id},
  name: NAME,
  title: ${quoted(title)},
  plans: [
    {
      name: 'free',
      baseUrl: ${quoted(url.origin)},
      limit: { calls: ${limit.calls}, perSeconds: ${limit.perSeconds}, origin: ${quoted(limit.origin)} },
    },
  ],
  endpoints: [ticker],
  defaultSymbol: (${plan.symbol === '{ticker}' ? '{ ticker }' : '{ base, quote }'}: TickerParts) => ${symbolCode(plan.symbol)},
${error === undefined ? '' : `  explain: (json) => saidError(NAME, json, ${JSON.stringify(error.steps)}),\n`}};
`;
}

/** Its spec: the recorded answer as fixture. */
export function specText(plan) {
  const { name, camel, title, ticker, sourceSymbol, price, time, error } = plan;
  const digits = price.value instanceof NumberText ? price.value.text : price.value;
  const errors =
    error === undefined
      ? []
      : [
          ['an unknown symbol', 'Unknown symbol', 'not_found'],
          ['a limit', 'Rate limit exceeded', 'rate_limited'],
        ];
  const errorBodies = errors.map(([what, words, kind]) => {
    const body = JSON.stringify(error.steps.reduceRight((inner, step) => ({ [step]: inner }), words));
    return `{ name: '${what}', body: ${quoted(body)}, kind: '${kind}' },`;
  });
  return `import { parseTicker } from '@app/domain';
import { describeSourceContract } from '../testing/source.contract.js';
import { ${camel}Source } from './${name}.source.js';

const ASKED = { ticker: '${ticker}', sourceSymbol: ${quoted(sourceSymbol)} };

/** As it came from ${plan.url.origin}. */
const ANSWER = ${template(plan.text)};

describeSourceContract({
  source: ${camel}Source,
  tickers: [ASKED],
  goodBodies: [
    {
      name: 'an answer with all its fields',
      body: ANSWER,
      quotes: [{ ticker: '${ticker}', price: '${digits}', sourceTime: ${
        time === undefined ? 'undefined' : `new Date('${new Date(time.kind.milliseconds).toISOString()}')`
      } }],
    },
  ],
  priceFields: { ${ticker}: ${JSON.stringify(price.steps)} },
${time === undefined ? '' : `  timeFields: { paths: { ${ticker}: ${JSON.stringify(time.steps)} } },\n`}  // Errors that come with status 200, in the words of the API, each with what it means.
  errorBodies: [${errorBodies.join('\n')}],
  // Those with another status, where the body says more than the status: { name, status, body, kind }.
  refusals: [],
});

describe('the ${title.replaceAll("'", "\\'")} source', () => {
  it('calls the ticker by its symbol, and asks for it alone', () => {
    const parts = parseTicker('${ticker}');
    expect(parts && ${camel}Source.defaultSymbol(parts)).toBe(ASKED.sourceSymbol);
    expect(${camel}Source.endpoints[0].request([ASKED])).toEqual({
      path: ${quoted(plan.url.path.replace('{source_symbol}', encodeURIComponent(sourceSymbol)))},
      query: ${requestQuery(plan.url).replace("asked?.sourceSymbol ?? ''", quoted(sourceSymbol))},
    });
  });
});
`;
}

/** What stands in for it in the simulator. */
export function standInText(plan) {
  const { name, camel, title, url, symbol } = plan;
  const [base, quote] = plan.ticker.split('_');
  const bases = plan.isListed ? 'LISTED_BY_SIZE' : `[...LISTED_BY_SIZE, '${base}']`;
  const lists = [
    `usd: ${bases}.join(' ')`,
    ...(quote === 'usd' ? [] : [`${key(quote)}: ${bases}.filter((base) => base !== '${quote}').join(' ')`]),
  ];
  const symbolOf = url.inPath ? 'request.parameter' : `request.query(${quoted(url.parameter)}) ?? ''`;
  const nameOf = symbolCode(symbol === '{ticker}' ? '{base}_{quote}' : symbol);
  const error = (words) => {
    const steps = plan.error?.steps ?? ['error'];
    return steps.reduceRight((inner, step) => `{ ${key(step)}: ${inner} }`, words);
  };
  return `import { fixedText, significantDecimals } from '../market/price-style.js';
import { LISTED_BY_SIZE } from './asset-names.js';
import { pairNames } from './pair-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { jsonAnswer, type SourceAnswer } from './source-answer.js';

const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 12;

const HEADERS = { 'content-type': 'application/json' };

const pairs = pairNames({ ${lists.join(', ')} }, (base, quote) => ${nameOf}, 'usd');

/** The simulated ${title}: the answer of the spec, with the simulated price and time in it. */
export const ${camel}Source: SimulatedSource = {
  name: '${name}',
  prefix: '/${name}',
  style: {
    decimals: (magnitude) => significantDecimals(magnitude, FEWEST_DECIMALS, MOST_DECIMALS),
    text: (units, decimals) => fixedText(units, decimals, decimals),
  },
  routes: [
    {
      path: ${quoted(url.path.replace('{source_symbol}', '{}').replace(/\/+$/, ''))},
      asked: (request) => ({ names: [symbolOf(request)] }),
      answer: (request, writer) => answer(symbolOf(request), writer),
    },
  ],
  formsOf: (name) => [pairs.pairOf(name)].flatMap((pair) => (pair === undefined ? [] : [{ ticker: pair.ticker }])),
  failing: (status) => jsonAnswer(status, HEADERS, ${error('`error ${status}`')}),
  unknown: () => jsonAnswer(404, HEADERS, ${error("'not found'")}),
};

function symbolOf(request: SourceRequest): string {
  return ${symbolOf};
}

function answer(name: string, writer: PriceWriter): SourceAnswer {
  const pair = pairs.pairOf(name);
  if (pair === undefined || !writer.has(pair.ticker)) return jsonAnswer(404, HEADERS, ${error("'not found'")});
  const text = writer.text(name, pair.ticker);
  const body = \`${bodyText(plan.json, plan)}\`;
  return jsonAnswer(200, HEADERS, body);
}
`;
}

/** A schema of an answer in which these paths are read and every other field beside them is ignored. */
function schemaText(value, schemas, at = []) {
  const path = at.join('\n');
  const own = schemas.get(path);
  if (own !== undefined) return own;
  const leadsOn = [...schemas.keys()].some((known) => path === '' || known.startsWith(`${path}\n`));
  if (!leadsOn || !isBranch(value)) return 'ignored';
  if (Array.isArray(value)) {
    const items = value.map((item, index) => schemaText(item, schemas, [...at, String(index)]));
    // Of exactly so many: otherwise one that is left out would move another into its place.
    return `z.tuple([${items.map((item) => (item === 'ignored' ? 'z.unknown()' : item)).join(', ')}])`;
  }
  const fields = Object.entries(value).map(
    ([step, inner]) => `${key(step)}: ${schemaText(inner, schemas, [...at, step])}`,
  );
  return `z.object({ ${fields.join(', ')} })`;
}

/** The answer as a template literal that the stand-in fills in. */
function bodyText(value, plan, at = []) {
  const path = at.join('\n');
  const { price, time, names } = plan;
  const type = price.value instanceof NumberText ? 'number' : 'string';
  if (path === price.path) return `\${writer.value(name, text, '${type}')}`;
  if (path === time?.path) return time.kind.written;
  if (value instanceof NumberText) return value.text;
  if (names.some((steps) => steps.join('\n') === path)) return '"${name}"';
  if (Array.isArray(value))
    return `[${value.map((item, index) => bodyText(item, plan, [...at, String(index)])).join(',')}]`;
  if (!isBranch(value)) return escaped(JSON.stringify(value));
  const members = Object.entries(value).map(([step, inner]) => {
    const inside = [...at, step];
    if (inside.join('\n') === price.path) return `\${writer.member(${quoted(step)}, name, text, '${type}')}`;
    return `${escaped(JSON.stringify(step))}:${bodyText(inner, plan, inside)}`;
  });
  return `{${members.join(',')}}`;
}

function requestPath({ path, inPath }) {
  return inPath
    ? `\`${escaped(path).replace('{source_symbol}', "${encodeURIComponent(asked?.sourceSymbol ?? '')}")}\``
    : quoted(path);
}

function requestQuery({ query }) {
  const members = query.map(
    ([name, value]) => `${key(name)}: ${value === '{source_symbol}' ? "asked?.sourceSymbol ?? ''" : quoted(value)}`,
  );
  return `{ ${members.join(', ')} }`;
}

/** What makes a symbol of `base` and `quote`. */
function symbolCode(symbol) {
  if (symbol === '{ticker}') return 'ticker';
  const parts = {
    '{base}': '${base}',
    '{quote}': '${quote}',
    '{BASE}': '${base.toUpperCase()}',
    '{QUOTE}': '${quote.toUpperCase()}',
    '{ticker}': '${base}_${quote}',
  };
  const code = escaped(symbol).replace(/\{(\w+)\}/g, (part) => parts[part]);
  return `\`${code}\``;
}

function access(steps) {
  return steps
    .map((step) =>
      /^\d+$/.test(step) ? `[${step}]` : /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${quoted(step)}]`,
    )
    .join('');
}

function key(name) {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function template(text) {
  return `\`${escaped(text)}\``;
}

function escaped(text) {
  return text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
}
