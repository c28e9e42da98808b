import { acceptedTickers, faultsOf, outcomeOf } from './judge-parse.contract.js';
import {
  type Json,
  type JsonPath,
  parseFixture,
  pathsOf,
  valueAt,
  withFieldRenamed,
  withValueAt,
  writeJson,
} from './mutate-json.contract.js';
import type { WholeContract } from './source-fixtures.contract.js';
import { SourceError } from '../contract/source-error.js';
import { isQuote } from '../contract/source-message.js';
import { WireNumber } from '../contract/read-json.js';
import { plainSymbol } from '../contract/symbol-text.js';
import { readAnswer } from '../read-answer.js';

/** What careless writers put where they have no number. */
const NO_NUMBERS = ['NaN', 'Infinity', '-Infinity', 'nan', '-inf', 'undefined', ''] as const;

/** Texts of people and spreadsheets, which hold digits and are no decimals. */
const ODD_NUMBERS = [
  '81,413.60',
  '81.413,60',
  '81413,60',
  '81 413.60',
  '81\u00a0413.60',
  "81'413.60",
  '81_413.60',
  '$81413.60',
  '81413.60 USD',
  '0x13e05',
  '8141360%',
  '\uff18\uff11\uff14',
  '1e',
  '1.2.3',
  'NaN',
  'Infinity',
  '',
  ' ',
] as const;

/** Refusals in forms that are not the source's own: they may come from whatever stands in front of it. */
const THROTTLINGS = [
  'Throttled',
  '"Throttled"',
  'Too Many Requests',
  '{"message":"Too Many Requests"}',
  '{"detail":"Request was throttled. Expected available in 25 seconds."}',
  '{"error_code":1015,"cloudflare_error":true,"retry_after":25}',
] as const;

/** What odd answers any source may meet, in the wild and not only by a change of its own. */
export function describeOddAnswers(contract: WholeContract): void {
  describeThrottling(contract);
  describeUnknownErrors(contract);
  describeOddNumbers(contract);
  describeOddJson(contract);
  describeOtherCoins(contract);
}

function describeThrottling({ source, endpoint, tickers, goodBodies }: WholeContract): void {
  it.each([200, 403, 429, 503])('is throttled by words in any form with status %i', (status) => {
    for (const body of THROTTLINGS) {
      const read = (): unknown =>
        readAnswer(source, tickers, { status, headers: { 'retry-after': '0' }, body }, { endpoint, nowMs: 0 });
      const retryAfterSeconds = body.includes('25') ? 25 : 0;
      expect(read).toThrow(expect.objectContaining({ kind: 'rate_limited', retryAfterSeconds }) as Error);
    }
  });

  it.each(goodBodies)(
    'is not throttled by such words beside the prices of $name',
    ({ body, tickers: asked, quotes }) => {
      const words = '"note":"Throttled: too many requests, error code: 1015"';
      if (quotes.length === 0 || !body.trimStart().startsWith('{')) return;
      const worded = body.replace('{', `{${words},`);
      expect(outcomeOf(source, worded, asked ?? tickers, endpoint)).toEqual({ quotes, unreadable: [] });
    },
  );
}

function describeUnknownErrors({ source, endpoint, tickers, errorBodies }: WholeContract): void {
  const isSaid = (body: string, status = 200): boolean =>
    source.explain?.(parseFixture(body), { status, headers: {}, body }, 0) !== undefined;
  const said = errorBodies.filter(({ body }) => isSaid(body));

  it('calls no error drift that it tells in its own form, whatever the words and codes', () => {
    for (const { body } of said) {
      for (const spoilt of [body, ...withUnknownWords(parseFixture(body))].filter((one) => isSaid(one))) {
        for (const status of [200, 400, 422]) {
          const read = (): unknown =>
            readAnswer(source, tickers, { status, headers: {}, body: spoilt }, { endpoint, nowMs: 0 });
          expect(read).toThrow(SourceError);
          expect(read).not.toThrow(expect.objectContaining({ kind: 'drift' }) as Error);
        }
      }
    }
  });
}

/** An error with every text in turn, and all of them, replaced by words that nobody knows. */
function withUnknownWords(root: Json): string[] {
  const texts = pathsOf(root).filter((path) => typeof valueAt(root, path) === 'string');
  const each = texts.map((path) => withValueAt(root, path, 'Zorp 7731 quux'));
  const all = texts.reduce<Json>((spoilt, path) => withValueAt(spoilt, path, 'EZorp:Quux 7731'), root);
  return [...each, all].map((spoilt) => writeJson(spoilt));
}

function describeOddNumbers(contract: WholeContract): void {
  const { source, endpoint, tickers, goodBodies, priceFields, timeFields } = contract;
  const [{ body: good, quotes }] = goodBodies;
  const root = parseFixture(good);

  it.each(NO_NUMBERS)('loses the one ticker whose price is a bare "%s", and no other', (text) => {
    for (const [ticker, path] of Object.entries(priceFields)) {
      // Before the end of a list a comma may just be one too many.
      if (text === '' && isLast(root, path)) continue;
      const body = withText(root, path, text);
      const { readings } = readAnswer(source, tickers, { status: 200, headers: {}, body }, { endpoint, nowMs: 0 });
      expect(readings.filter(isQuote)).toEqual(quotes.filter((quote) => quote.ticker !== ticker));
      expect(readings.filter((reading) => !isQuote(reading))).toEqual([
        { ticker, rejected: 'not_a_decimal', detail: expect.stringContaining(path.join('.')) as string },
      ]);
    }
  });

  it.each(NO_NUMBERS)('loses no more than whose time it is where a time is a bare "%s"', (text) => {
    const paths = timeFields === undefined ? {} : timeFields.paths;
    for (const path of Object.values(paths)) {
      if (text === '' && isLast(root, path)) continue;
      const body = withText(root, path, text);
      const { readings } = readAnswer(source, tickers, { status: 200, headers: {}, body }, { endpoint, nowMs: 0 });
      // A ticker that is not named may have the time of another: the same coin in another currency.
      const hasAnother = ({ ticker }: { readonly ticker: string }): boolean =>
        paths[ticker] !== undefined && paths[ticker].join('.') !== path.join('.');
      expect(readings.filter(hasAnother)).toEqual(quotes.filter(hasAnother));
      const priced = readings.filter(isQuote).filter(({ ticker }) => paths[ticker]?.join('.') === path.join('.'));
      for (const { sourceTime } of priced) expect(sourceTime).toBeUndefined();
    }
  });

  it('calls an answer with such a price malformed wherever it is cut off', () => {
    const [path = []] = Object.values(priceFields);
    const body = withText(root, path, 'NaN').trimEnd();
    const step = Math.ceil(body.length / 500);
    for (let length = 0; length < body.length; length += step) {
      expect({ length, ...outcomeOf(source, body.slice(0, length), tickers, endpoint) }).toMatchObject({
        length,
        kind: 'malformed',
      });
    }
  });

  it.each(ODD_NUMBERS)('accepts no price that is written as the text "%s"', (text) => {
    for (const [ticker, path] of Object.entries(priceFields)) {
      const body = writeJson(withValueAt(root, path, text));
      expect(acceptedTickers({ ...contract, body, asked: tickers, expected: quotes })).not.toContain(ticker);
    }
  });

  it.each(['1,234.5', '1.234,5', '0x10', '01', '+1', '.5', '5.', '1_000'])(
    'accepts no price that is written as the bare number %s',
    (text) => {
      for (const [ticker, path] of Object.entries(priceFields)) {
        const body = withText(root, path, text);
        expect(acceptedTickers({ ...contract, body, asked: tickers, expected: quotes })).not.toContain(ticker);
      }
    },
  );
}

function describeOddJson(contract: WholeContract): void {
  const { source, endpoint, tickers, goodBodies } = contract;

  it.each(goodBodies)(
    'gives no wrong quote when a member of $name stands there twice',
    ({ body, tickers: asked, quotes }) => {
      const root = parseFixture(body);
      const faults = pathsOf(root).flatMap((path) =>
        [otherOf(valueAt(root, path)), null].flatMap((other) =>
          [true, false].flatMap((isFirst) => {
            const doubled = withTwo(root, path, other, isFirst);
            const judged = { ...contract, body: doubled, asked: asked ?? tickers, expected: quotes };
            return faultsOf(judged).map((fault) => `${path.join('.')}: ${fault}`);
          }),
        ),
      );
      expect(faults).toEqual([]);
    },
  );

  it.each(goodBodies)('reads $name with a byte order mark, and nothing of it with something behind', (good) => {
    const asked = good.tickers ?? tickers;
    expect(outcomeOf(source, `\ufeff${good.body}`, asked, endpoint)).toEqual({ quotes: good.quotes, unreadable: [] });
    for (const garbage of ['}', ']', ',', 'x', '0', '"x"', '{}', good.body, '<!-- cached -->', '\u0000', '// end']) {
      expect(outcomeOf(source, `${good.body}${garbage}`, asked, endpoint)).toMatchObject({ kind: 'malformed' });
    }
  });

  it.each([100, 3000])('stands an answer that is nested %i deep somewhere', (depth) => {
    const [{ body, quotes }] = goodBodies;
    const nested = `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    const objects = `${'{"error":'.repeat(depth)}1${'}'.repeat(depth)}`;
    for (const deep of [nested, objects]) {
      const added = body.replace('{', `{"deep":${deep},`);
      expect(faultsOf({ ...contract, body: added, asked: tickers, expected: quotes })).toEqual([]);
      for (const path of Object.values(contract.priceFields)) {
        const spoilt = withText(parseFixture(body), path, deep);
        expect(faultsOf({ ...contract, body: spoilt, asked: tickers, expected: quotes })).toEqual([]);
      }
    }
  });
}

function describeOtherCoins(contract: WholeContract): void {
  const { tickers, goodBodies } = contract;

  it.each(goodBodies)(
    'takes no price of another coin where $name says whose it is',
    ({ body, tickers: asked, quotes }) => {
      const root = parseFixture(body);
      for (const { ticker, sourceSymbol } of asked ?? tickers) {
        for (const path of pathsOf(root)) {
          const value = valueAt(root, path);
          const spoilt = [
            ...(typeof value === 'string' && plainSymbol(value) === plainSymbol(sourceSymbol)
              ? [withValueAt(root, path, otherSymbol(value))]
              : []),
            ...(plainSymbol(String(path.at(-1))) === plainSymbol(sourceSymbol)
              ? [withFieldRenamed(root, path, otherSymbol(String(path.at(-1))))]
              : []),
          ];
          for (const other of spoilt) {
            const judged = { ...contract, body: writeJson(other), asked: asked ?? tickers, expected: quotes };
            expect({ at: path.join('.'), accepted: acceptedTickers(judged) }).toEqual({
              at: path.join('.'),
              accepted: expect.not.arrayContaining([ticker]) as string[],
            });
          }
        }
      }
    },
  );
}

/** The symbol of another coin, which looks like one of this source. */
function otherSymbol(symbol: string): string {
  return symbol.replace(/[a-z0-9]+/i, (base) => (base === base.toUpperCase() ? 'ZORP' : 'zorp'));
}

/** The body with a text of our own, JSON or not, in the place of a value. */
function withText(root: Json, path: JsonPath, text: string): string {
  return writeJson(withValueAt(root, path, new WireNumber(text)));
}

function isLast(root: Json, path: JsonPath): boolean {
  const parent = valueAt(root, path.slice(0, -1));
  return Array.isArray(parent) && Number(path.at(-1)) === parent.length - 1;
}

/** The body with a member that stands there twice: as it was, and with another value before or behind it. */
function withTwo(root: Json, path: JsonPath, other: Json, isFirst: boolean): string {
  const name = path.at(-1) ?? '';
  if (Array.isArray(valueAt(root, path.slice(0, -1)))) return writeJson(root);
  const right = `${JSON.stringify(name)}:${writeJson(valueAt(root, path))}`;
  const wrong = `${JSON.stringify(name)}:${writeJson(other)}`;
  const mark = 'two-members';
  const marked = writeJson(withFieldRenamed(withValueAt(root, path, true), path, mark));
  return marked.replace(`"${mark}":true`, () => (isFirst ? `${wrong},${right}` : `${right},${wrong}`));
}

/** A value of the same type that is wrong, and nothing odd. */
function otherOf(value: Json): Json {
  if (value instanceof WireNumber)
    return new WireNumber(value.text.includes('.') ? `7${value.text}` : `${value.text}.5`);
  if (typeof value === 'string') return /^[0-9.]+$/.test(value) ? `7${value}` : `${value}x`;
  if (typeof value === 'boolean') return !value;
  return Array.isArray(value) ? value.map((item: Json) => otherOf(item)) : value;
}
