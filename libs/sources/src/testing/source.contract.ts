import { faultsOfFixtures, faultsOfSource, hintOf } from './judge-contract.contract.js';
import { type SourceContract, wholeContract, type WholeContract } from './source-fixtures.contract.js';
import { describeOddAnswers } from './source-oddities.contract.js';
import { describeSourceOverHttp } from './source-http.contract.js';
import { readAnswer } from '../read-answer.js';
import { acceptedTickers, faultsOf, outcomeOf } from './judge-parse.contract.js';
import {
  MUTATION_KINDS,
  type MutationKind,
  mutationsOf,
  parseFixture,
  valueAt,
  withFieldRenamed,
  withValueAt,
  writeJson,
} from './mutate-json.contract.js';
import { WireNumber } from '../contract/read-json.js';
import { endpointFor } from '../contract/source.js';
import type { RequestedTicker } from '../contract/source-message.js';

/** Numbers that a float, a rounding or a careless pattern would alter; each must come out as it went in. */
const DIGITS = [
  '0.1',
  '81413.60',
  '81413.600000000000',
  '0.30000000000000004',
  '1.5e-8',
  '2.5E+3',
  '9e-13',
  '12345678901234567890',
  '12345678901234567890.1234567890123456789',
  '0.12345678901234567890123456789',
  '-12.5',
  '0',
  '-0',
  '1e400',
] as const;

const NO_JSON: Readonly<Record<string, string>> = {
  nothing: '',
  blanks: ' \r\n\t ',
  'a page of HTML': '<!DOCTYPE html><html><head><title>Maintenance</title></head><body>{"usd":1}</body></html>',
  'plain text': 'upstream connect error',
  'two answers in a row': '{}{}',
  'a single quote': "{'a':1}",
  NaN: 'NaN',
  'brackets nested 100,000 deep and never closed': '['.repeat(100_000),
  'brackets nested 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'objects nested 100,000 deep': '{"error":'.repeat(100_000) + '1' + '}'.repeat(100_000),
  'a megabyte of junk': '\u0000\ufffd{"x":'.repeat(131_072),
};

const OTHER_JSON: Readonly<Record<string, string>> = {
  null: 'null',
  'an empty array': '[]',
  'a text': '"x"',
  'a number': '81413.6',
  'a megabyte of digits': '1'.repeat(1_048_576),
  true: 'true',
  'an array of objects': '[{"usd":1}]',
};

/**
 * Everything that a source must keep, whoever it is. A new source calls this from its spec with fixtures of its own:
 * good answers give exactly their quotes, and no spoilt answer ever gives a wrong quote that would be accepted.
 */
export function describeSourceContract(given: SourceContract): void {
  const { source, endpoint = source.endpoints[0].name } = given;
  describe(`the contract of ${source.name} ${endpoint}`, () => {
    const faults = [...faultsOfSource(source), ...faultsOfFixtures(given)];
    it('says what is needed of the source, with fixtures that fit together', () => {
      expect(faults).toEqual([]);
    });
    // What follows would fail for the same reasons, in other words.
    if (faults.length > 0) return;
    const contract = wholeContract(given);
    describeGoodAnswers(contract);
    describeSpoiltAnswers(contract);
    describeOtherBodies(contract);
    describeOddAnswers(contract);
    // A source that brings its own HTTP has no address to be moved.
    if (endpointFor(source, contract.tickers).call === undefined) describeSourceOverHttp(contract);
  });
}

function describeGoodAnswers(contract: WholeContract): void {
  const { source, goodBodies, priceFields, timeFields } = contract;
  const [first] = goodBodies;
  const root = parseFixture(first.body);

  it('is asked at this endpoint for these tickers', () => {
    expect(endpointFor(source, contract.tickers).name).toBe(contract.endpoint ?? source.endpoints[0].name);
  });

  it.each(goodBodies)('reads exactly the quotes of $name', ({ body, tickers, quotes }) => {
    expect(hintOf(source, body, tickers ?? contract.tickers, contract.endpoint)).toBeUndefined();
    expect(outcomeOf(source, body, tickers ?? contract.tickers, contract.endpoint)).toEqual({ quotes, unreadable: [] });
  });

  it('gives each ticker alone the quote that it has among the others', () => {
    for (const asked of contract.tickers) {
      const alone = first.quotes.filter((quote) => quote.ticker === asked.ticker);
      expect(outcomeOf(source, first.body, [asked], contract.endpoint)).toEqual({ quotes: alone, unreadable: [] });
    }
  });

  it.each(DIGITS)('hands on the digits %s as they stand on the wire', (digits) => {
    for (const [ticker, path] of Object.entries(priceFields)) {
      // A source that writes its prices as text gets them as text.
      const price = valueAt(root, path) instanceof WireNumber ? new WireNumber(digits) : digits;
      const body = writeJson(withValueAt(root, path, price));
      const expected = first.quotes.map((quote) => (quote.ticker === ticker ? { ...quote, price: digits } : quote));
      expect(outcomeOf(source, body, contract.tickers, contract.endpoint)).toEqual({
        quotes: expected,
        unreadable: [],
      });
    }
  });

  it('does not hand on a number of a thousand digits', () => {
    for (const [ticker, path] of Object.entries(priceFields)) {
      const body = writeJson(withValueAt(root, path, new WireNumber('7'.repeat(1000))));
      expect(acceptedTickers({ ...contract, body, asked: contract.tickers, expected: [] })).not.toContain(ticker);
    }
  });

  if (timeFields !== undefined) {
    it.each(timeFields.wrong)('calls a source time of %s drift', (time) => {
      for (const [ticker, path] of Object.entries(timeFields.paths)) {
        const wrong = valueAt(root, path) instanceof WireNumber ? new WireNumber(time) : time;
        const body = writeJson(withValueAt(root, path, wrong));
        expect(outcomeOf(source, body, askedAlone(contract, ticker), contract.endpoint)).toMatchObject({
          kind: 'drift',
        });
      }
    });
  }
}

function describeSpoiltAnswers(contract: WholeContract): void {
  const { source, goodBodies, priceFields, tickers } = contract;

  describe.each(goodBodies)('with a field spoilt in $name', (good) => {
    const asked = good.tickers ?? tickers;

    it.each(MUTATION_KINDS)('never gives a wrong quote when a field is %s', (kind) => {
      const faults = mutationsOf(good.body, kind).flatMap(({ name, body }) =>
        faultsOf({ ...contract, body, asked, expected: good.quotes }).map((fault) => `${name}: ${fault}`),
      );
      expect(faults).toEqual([]);
    });
  });

  it.each(MUTATION_KINDS)('accepts no price whose own field, or one around it, is %s', (kind: MutationKind) => {
    const [{ body, quotes }] = goodBodies;
    const mutations = mutationsOf(body, kind);
    for (const [ticker, path] of Object.entries(priceFields)) {
      const around = mutations.filter((mutation) => mutation.path.every((step, depth) => step === path[depth]));
      const accepted = around.filter((mutation) =>
        acceptedTickers({ ...contract, body: mutation.body, asked: tickers, expected: quotes }).includes(ticker),
      );
      expect(accepted.map((mutation) => mutation.name)).toEqual([]);
    }
  });

  it.each(Object.entries(priceFields))('names the field of %s when it is retyped', (ticker, path) => {
    const body = writeJson(withValueAt(parseFixture(goodBodies[0].body), path, true));
    const outcome = outcomeOf(source, body, askedAlone(contract, ticker), contract.endpoint);
    expect(outcome).toMatchObject({ kind: 'drift', detail: expect.stringContaining(path.join('.')) as string });
  });

  it.each(Object.entries(priceFields))(
    'names the field that looks like that of %s when it is renamed',
    (ticker, path) => {
      const name = String(path.at(-1));
      const renamed = name.length < 2 || /^\d+$/.test(name) ? undefined : `${name}${name.at(-1)}`;
      // The name of a coin or a place in a list is no name of a field.
      if (renamed === undefined || contract.priceFieldsAreNames === true) return;
      const body = writeJson(withFieldRenamed(parseFixture(goodBodies[0].body), path, renamed));
      const asked = askedAlone(contract, ticker);
      const hint = expect.stringContaining(`${renamed} looks like it`) as string;
      expect(outcomeOf(source, body, asked, contract.endpoint)).toMatchObject({ kind: 'drift', detail: hint });
      const response = { status: 200, headers: {}, body };
      const { readings } = readAnswer(source, asked, response, {
        endpoint: contract.endpoint,
        nowMs: 0,
        driftPolicy: 'map',
      });
      const expected = goodBodies[0].quotes.filter((quote) => quote.ticker === ticker);
      expect(readings).toEqual(expected.map((quote) => ({ ...quote, mapped: [expect.stringContaining(renamed)] })));
    },
  );

  it('leaves the other tickers of a batch when one cannot be read', () => {
    const [first] = Object.entries(priceFields);
    if (first === undefined || tickers.length < 2) return;
    const body = writeJson(withValueAt(parseFixture(goodBodies[0].body), first[1], true));
    expect(outcomeOf(source, body, tickers, contract.endpoint)).toEqual({
      quotes: goodBodies[0].quotes.filter((quote) => quote.ticker !== first[0]),
      unreadable: [first[0]],
    });
  });

  it('takes nothing from members called __proto__ and leaves the prototype of all objects alone', () => {
    const [{ body, quotes }] = goodBodies;
    for (const poisoned of [`{"__proto__":${body}}`, `{"constructor":${body}}`, `{"__proto__":{"polluted":1}}`]) {
      expect(acceptedTickers({ ...contract, body: poisoned, asked: tickers, expected: quotes })).toEqual([]);
    }
    const added = body.replace('{', '{"__proto__":{"polluted":1},');
    expect(faultsOf({ ...contract, body: added, asked: tickers, expected: quotes })).toEqual([]);
    const names = ['__proto__', 'constructor', 'toString'];
    for (const sourceSymbol of names) {
      const asked = [{ ticker: 'none_usd', sourceSymbol }];
      const outcome = outcomeOf(source, '{}', asked, contract.endpoint);
      expect('quotes' in outcome ? outcome.quotes : []).toEqual([]);
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  });
}

function describeOtherBodies(contract: WholeContract): void {
  const { source, goodBodies, tickers } = contract;

  it.each(Object.entries(NO_JSON))('calls %s malformed', (_name, body) => {
    expect(outcomeOf(source, body, tickers, contract.endpoint)).toMatchObject({ kind: 'malformed' });
  });

  it.each(Object.entries(OTHER_JSON))('calls %s drift', (_name, body) => {
    expect(outcomeOf(source, body, tickers, contract.endpoint)).toMatchObject({ kind: 'drift' });
  });

  it('takes no quote from an empty object', () => {
    const outcome = outcomeOf(source, '{}', tickers, contract.endpoint);
    expect('quotes' in outcome ? outcome.quotes : outcome).toEqual(
      'quotes' in outcome ? [] : expect.objectContaining({ kind: 'drift' }),
    );
  });

  it.each(goodBodies)('calls $name malformed wherever it is cut off', ({ body, tickers: asked }) => {
    const whole = body.trimEnd();
    // Every length of a short answer, some 2,000 lengths of a long one.
    const step = Math.ceil(whole.length / 2000);
    for (let length = 0; length < whole.length; length += step) {
      const outcome = outcomeOf(source, whole.slice(0, length), asked ?? tickers, contract.endpoint);
      expect({ length, ...outcome }).toMatchObject({ length, kind: 'malformed' });
    }
  });

  if (contract.errorBodies.length > 0) {
    it.each(contract.errorBodies)('calls $name inside a 200 $kind', ({ body, kind }) => {
      expect(outcomeOf(source, body, tickers, contract.endpoint)).toMatchObject({ kind });
    });
  }
}

function askedAlone({ tickers }: SourceContract, ticker: string): readonly RequestedTicker[] {
  return tickers.filter((asked) => asked.ticker === ticker);
}
