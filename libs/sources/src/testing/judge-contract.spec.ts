import { z } from 'zod';
import { type Source, SourceError, wireNumber, wireSeconds, wireText } from '../contract/index.js';
import { bitstampSource } from '../providers/bitstamp.source.js';
import { faultsOfFixtures, faultsOfSource, hintOf } from './judge-contract.contract.js';
import { type SourceContract, wholeContract } from './source-fixtures.contract.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };
const BODY = '{"data":{"last":"61200.50","at":1767265201}}';

function sourceReading(answer: z.ZodType<{ data: { last: unknown; at: Date } }>): Source {
  return {
    id: 9,
    name: 'example',
    title: 'Example',
    plans: [
      {
        name: 'free',
        baseUrl: 'https://api.example.com',
        limit: { calls: 10, perSeconds: 1, origin: 'api.example.com/docs/limits' },
      },
    ],
    endpoints: [
      {
        name: 'ticker',
        maxBatch: 1,
        request: () => ({ path: '/', query: {} }),
        recognises: () => true,
        parse: (reader, tickers) =>
          reader.each(tickers, ({ ticker }) => {
            const { last, at } = reader.shape(answer).data;
            return { ticker, price: last as string, sourceTime: at };
          }),
      },
    ],
    defaultSymbol: ({ base, quote }) => `${base}-${quote}`.toUpperCase(),
  };
}

const GOOD = sourceReading(z.object({ data: z.object({ last: wireText, at: wireSeconds }) }));
const REGISTERED = [bitstampSource, GOOD];
const SETTINGS = 'EXAMPLE_URL=\nBITSTAMP_URL=\n';

function contract(changes: Partial<SourceContract> = {}): SourceContract {
  return {
    source: GOOD,
    tickers: [BTC],
    goodBodies: [
      {
        name: 'an answer',
        body: BODY,
        quotes: [{ ticker: 'btc_usd', price: '61200.50', sourceTime: new Date(1_767_265_201_000) }],
      },
    ],
    priceFields: { btc_usd: ['data', 'last'] },
    timeFields: { paths: { btc_usd: ['data', 'at'] } },
    ...changes,
  };
}

function withPlan(changes: object): Source {
  const [plan] = GOOD.plans;
  return { ...GOOD, plans: [{ ...plan, ...changes }] };
}

describe('what the kit says of a source', () => {
  it('is nothing when all is well', () => {
    expect(faultsOfSource(GOOD, REGISTERED, SETTINGS)).toEqual([]);
    expect(faultsOfFixtures(contract())).toEqual([]);
    expect(hintOf(GOOD, BODY, [BTC])).toBeUndefined();
  });

  it.each<[string, Source, readonly Source[], string, RegExp]>([
    ['an id that another has', { ...GOOD, id: 8 }, REGISTERED, SETTINGS, /same id 8: the next free id is 10/],
    ['no id', { ...GOOD, id: 0 }, REGISTERED, SETTINGS, /^id is 0: take the next free one, 10/],
    [
      'a name with capitals',
      { ...GOOD, name: 'My Example' },
      REGISTERED,
      SETTINGS,
      /lower case letters.*as my-example/,
    ],
    ['a forgotten registry line', GOOD, [bitstampSource], SETTINGS, /import it in libs\/sources\/src\/registry\.ts/],
    ['a name that another has', { ...GOOD, id: 9, name: 'bitstamp' }, REGISTERED, SETTINGS, /choose another name/],
    ['forgotten generated files', GOOD, REGISTERED, 'BITSTAMP_URL=', /EXAMPLE_URL is not in .*npm run generate/],
    [
      'a limit without its origin',
      withPlan({ limit: { calls: 1, perSeconds: 1, origin: ' ' } }),
      REGISTERED,
      SETTINGS,
      /limit has no origin: say where the number comes from/,
    ],
    [
      'a limit that is none',
      withPlan({ limit: { calls: 0, perSeconds: 1, origin: 'x' } }),
      REGISTERED,
      SETTINGS,
      /numbers above 0/,
    ],
    ['a slash at the end', withPlan({ baseUrl: 'https://x/' }), REGISTERED, SETTINGS, /no slash at the end/],
    [
      'a month without its origin',
      withPlan({ monthly: { credits: 5, origin: '' } }),
      REGISTERED,
      SETTINGS,
      /monthly needs/,
    ],
    [
      'a batch of nobody',
      { ...GOOD, endpoints: [{ ...GOOD.endpoints[0], maxBatch: 0 }] },
      REGISTERED,
      SETTINGS,
      /how many tickers one call may ask for/,
    ],
  ])('names the cure of %s', (_name, source, registered, settings, cure) => {
    expect(faultsOfSource(source, registered, settings).join('\n')).toMatch(cure);
  });

  const [good] = contract().goodBodies;
  it.each<[string, Partial<SourceContract>, RegExp]>([
    ['no fixture', { goodBodies: [] as never }, /paste one answer of the API/],
    ['a fixture that is no JSON', { goodBodies: [{ ...good, body: BODY.slice(0, -3) }] }, /no JSON: paste the whole/],
    ['a fixture without the ticker', { goodBodies: [{ ...good, quotes: [] }] }, /has no quote of btc_usd/],
    [
      'a price as a number',
      { goodBodies: [{ ...good, quotes: [{ ticker: 'btc_usd', price: 61200.5 as never, sourceTime: undefined }] }] },
      /is number 61200\.5: write its digits as a text/,
    ],
    [
      'a price with other digits',
      { goodBodies: [{ ...good, quotes: [{ ticker: 'btc_usd', price: '61200.5', sourceTime: undefined }] }] },
      /61200\.50 at data\.last, .* says 61200\.5: they are one text/,
    ],
    ['a price whose place is not named', { priceFields: {} }, /priceFields has no btc_usd: write where/],
    [
      'a place where nothing is',
      { priceFields: { btc_usd: ['last'] } },
      /nothing stands at last .*data\.last, data\.at/,
    ],
    ['a place of nobody', { priceFields: { btc_usd: ['data', 'last'], eth_usd: ['x'] } }, /priceFields has eth_usd/],
    ['a time where nothing is', { timeFields: { paths: { btc_usd: ['time'] } } }, /nothing stands at time/],
    ['no symbol', { source: { ...GOOD, defaultSymbol: () => undefined } }, /return "BTC-USD" for btc_usd/],
    [
      'a symbol in place of a ticker',
      { tickers: [{ ...BTC, ticker: 'BTCUSD' }] },
      /write base and quote in lower case/,
    ],
    ['an empty symbol', { tickers: [{ ...BTC, sourceSymbol: '' }] }, /write what the source calls it/],
    ['more tickers than a call takes', { tickers: [BTC, BTC] }, /maxBatch of ticker is 1/],
    ['an endpoint that is none', { endpoint: 'tickr' }, /must be one of ticker/],
    ['an arrival before the price', { receivedAt: new Date(0) }, /receivedAt lies before/],
    [
      'a quote that nobody asked for',
      { goodBodies: [{ ...good, quotes: [...good.quotes, { ticker: 'eth_usd', price: '1', sourceTime: undefined }] }] },
      /quote of eth_usd, which is not among/,
    ],
  ])('names the cure of %s', (_name, changes, cure) => {
    expect(faultsOfFixtures(contract(changes)).join('\n')).toMatch(cure);
  });

  const answer = (last: z.ZodType, at: z.ZodType<Date>) => sourceReading(z.object({ data: z.object({ last, at }) }));
  it.each<[string, Source, string, RegExp]>([
    ['a time in another unit', GOOD, BODY.replace('1767265201', '1767265201000'), /is read by wireMilliseconds$/],
    ['a time as text', GOOD, BODY.replace('1767265201', '"1767265201"'), /as a time by wireSecondsText$/],
    ['a time in words', GOOD, BODY.replace('1767265201', '"2026-01-01T11:00:01Z"'), /as a time by wireIsoTime$/],
    [
      'z.number()',
      answer(z.number(), wireSeconds),
      BODY.replace('"61200.50"', '61200.50'),
      /wireNumber \(not z\.number/,
    ],
    ['wireText for a number', GOOD, BODY.replace('"61200.50"', '61200.50'), /read it by wireNumber/],
    ['wireNumber for a text', answer(wireNumber, wireSeconds), BODY, /a text: read it by wireText$/],
    [
      'a WireNumber that is handed on',
      answer(wireNumber, wireSeconds),
      BODY.replace('"61200.50"', '61200.50'),
      /`price: last\.text` of a wireNumber/,
    ],
    [
      'a parse that throws',
      sourceReading(z.unknown() as never),
      '{"x":1}',
      /parse threw .*: let reader\.shape\(\.\.\.\) look/,
    ],
    [
      'an explain that takes all for errors',
      { ...GOOD, explain: () => new SourceError('not_found', 'example', 'no') },
      BODY,
      /explain calls this answer not_found/,
    ],
  ])('names the cure of %s', (_name, source, body, cure) => {
    expect(hintOf(source, body, [BTC]) ?? '').toMatch(cure);
  });
});

describe('a contract', () => {
  it('may leave out what is not known, and then has the time in other units as wrong ones', () => {
    expect(wholeContract(contract())).toMatchObject({
      errorBodies: [],
      refusals: [],
      receivedAt: new Date(1_767_265_206_000),
      timeFields: { wrong: ['1767265201000', '1767265', '0', '-1767265201', '1767265201.5'] },
    });
    expect(wholeContract(contract({ errorBodies: [], refusals: [] }))).toMatchObject({ errorBodies: [], refusals: [] });
  });
});
