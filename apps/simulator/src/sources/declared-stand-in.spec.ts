import { httpJsonSource, readAnswer, readDeclarations } from '@app/sources';
import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';
import { declaredStandIn, readDeclaredStandIns } from './declared-stand-in.js';
import { simulateSources } from './registry.js';

const LIMIT = 'limit: {calls: 1, per_seconds: 1, origin: docs.example.com}';
const DECLARATIONS = readDeclarations(
  `sources:
  - {id: 100, name: nested, url: 'https://api.example.com/v1/ticker?symbol={source_symbol}&x=1', source_symbol_template: '{BASE}-{QUOTE}',
     price: data.0.last, price_as: text, time: data.0.at, time_unit: milliseconds, identity: none, error: message, ${LIMIT}}
  - {id: 101, name: by-path, url: 'https://api.example.com/{source_symbol}/', source_symbols: {btc_usd: XBT}, price: '/rates/{QUOTE}',
     identity: none, inverted: true, time: at, time_unit: iso, ${LIMIT}}
  - {id: 102, name: in-tether, url: 'https://api.example.com/{ticker}', price: p, identity: none, price_as: number, quoted_in: usdt,
     time: t, time_unit: microseconds, ${LIMIT}}
  - {id: 103, name: plain, url: 'https://api.example.com/{ticker}', price: p, identity: none, time: t, time_unit: seconds, ${LIMIT}}
  - {id: 104, name: guarded, url: 'https://api.example.com/g?s={source_symbol}', identity: {data.symbol: '{SOURCE_SYMBOL}', 'volume.{BASE}': '*'},
     price: data.last, time: at, time_unit: nanoseconds, success: {path: code, is: ['00000', '0']}, error: msg, ${LIMIT}}
  - {id: 105, name: in-rows, url: 'https://api.example.com/all', source_symbol_template: '{BASE}-{QUOTE}', rows: result.list,
     identity: {symbol: '{source_symbol}'}, price: last.0, by_position: true, time: /result/at, time_unit: iso, success: {path: /ok, is: true}, ${LIMIT}}
  - {id: 106, name: in-cents, url: 'https://api.example.com/c/{ticker}', identity: none, price: p, scale: 8, price_as: text, time: t, time_unit: iso, ${LIMIT}}
  - {id: 107, name: bare, url: 'https://api.example.com/b/{ticker}', identity: none, price: '.', key_query: {name: token}, ${LIMIT}}
  - {id: 108, name: by-number, url: 'https://api.example.com/n', source_symbols: {btc_usd: '1', eth_usd: '1027'}, price: 'data.{source_symbol}.0',
     time: at, time_unit: microseconds, success: {path: state, is_not: error}, error: msg, ${LIMIT}}
  - {id: 109, name: tuples, url: 'https://api.example.com/t', source_symbol_template: 't{BASE}{QUOTE}', rows: ., identity: {'0': '{source_symbol}'},
     price: '2', price_as: number, time: '1', time_unit: milliseconds, inverted: true, scale: 3, ${LIMIT}}
  - {id: 110, name: by-quote, url: 'https://api.example.com/rates?base={QUOTE}', price: 'rates.{BASE}', identity: {base: '{QUOTE}'},
     time: at, time_unit: seconds, ${LIMIT}}`,
  'the spec',
);

const simulator = new ControlledSimulator();

beforeAll(async () => {
  simulateSources(DECLARATIONS.map(declaredStandIn));
  await simulator.start();
});
afterAll(() => simulator.stop());

async function ask(name: string, path: string) {
  const response = await simulator.get(`/${name}${path}`);
  return { status: response.status, body: await response.text() };
}

function market(ticker: string): number {
  return Number(simulator.running.prices.marketText(ticker, SECOND));
}

describe('the stand-in for a declared source', () => {
  it.each([
    ['nested', 'btc_usd', 'BTC-USD', 'btc_usd'],
    ['by-path', 'btc_usd', 'XBT', 'btc_usd'],
    ['in-tether', 'eth_usd', 'eth_usd', 'eth_usdt'],
    ['plain', 'eth_usd', 'eth_usd', 'eth_usd'],
    ['guarded', 'btc_usd', 'btc_usd', 'btc_usd'],
    ['in-rows', 'btc_usd', 'BTC-USD', 'btc_usd'],
    ['in-rows', 'eth_usdt', 'ETH-USDT', 'eth_usdt'],
    ['in-cents', 'btc_usd', 'btc_usd', 'btc_usd'],
    ['in-cents', 'doge_usd', 'doge_usd', 'doge_usd'],
    ['by-number', 'btc_usd', '1', 'btc_usd'],
    ['by-number', 'eth_usd', '1027', 'eth_usd'],
    ['tuples', 'btc_usd', 'tBTCUSD', 'btc_usd'],
    ['by-quote', 'eth_usd', 'eth_usd', 'eth_usd'],
    ['by-quote', 'btc_eur', 'btc_eur', 'btc_eur'],
  ])(
    'of %s has price and time of %s where the declaration looks for them',
    async (name, ticker, sourceSymbol, priced) => {
      const declaration = DECLARATIONS.find((candidate) => candidate.name === name);
      if (declaration === undefined) throw new Error(`nothing declares ${name}`);
      const source = httpJsonSource(declaration);
      const asked = [{ ticker, sourceSymbol }];
      const { path, query } = source.endpoints[0].request(asked);
      const { status, body } = await ask(name, `${path}?${new URLSearchParams(query).toString()}`);
      const { readings } = readAnswer(source, asked, { status, headers: {}, body }, { nowMs: simulator.nowMs });
      expect(readings).toMatchObject([{ ticker, sourceTime: expect.any(Date) }]);
      const [reading] = readings;
      const time = reading !== undefined && 'sourceTime' in reading ? reading.sourceTime?.getTime() : undefined;
      expect(Math.floor((time ?? 0) / 1000)).toBe(SECOND);
      const price = Number(reading !== undefined && 'price' in reading ? reading.price : NaN);
      expect(Math.abs((declaration.inverted === true ? 1 / price : price) / market(priced) - 1)).toBeLessThan(0.001);
    },
  );

  it('of a bare number is the number alone, and only with the key', async () => {
    const bare = DECLARATIONS.find(({ name }) => name === 'bare');
    if (bare === undefined) throw new Error('nothing declares it');
    const { status, body } = await ask('bare', '/b/btc_usd?token=simulated');
    expect(body).toMatch(/^\d+\.\d+$/);
    const asked = [{ ticker: 'btc_usd', sourceSymbol: 'btc_usd' }];
    const { readings } = readAnswer(httpJsonSource(bare), asked, { status, headers: {}, body }, { nowMs: 0 });
    expect(readings).toEqual([{ ticker: 'btc_usd', price: body, sourceTime: undefined }]);
    expect(await ask('bare', '/b/btc_usd')).toMatchObject({ status: 401 });
  });

  it('has a row for each ticker where the address is the same for all, and one that a fault leaves out is missing', async () => {
    const rows = async () => {
      const { body } = await ask('in-rows', '/all');
      return (JSON.parse(body) as { result: { list: { symbol: string }[] } }).result.list.map(({ symbol }) => symbol);
    };
    const before = await rows();
    expect(before.length).toBeGreaterThan(50);
    expect(new Set(before).size).toBe(before.length);
    const fault = { kind: 'missing', source: 'in-rows', ticker: 'BTC-USD', seconds: 60, times: 1 };
    expect((await simulator.post('/faults', fault)).status).toBe(201);
    expect(before.filter((name) => name !== 'BTC-USD')).toEqual(await rows());
  });

  it.each([
    ['nested', 'BTC-USD', '/v1/ticker?symbol=BTC-USD&x=1', '/v1/ticker?symbol=ETH-USD&x=1'],
    ['by-path', 'XBT', '/XBT', undefined],
    ['guarded', 'btc_usd', '/g?s=btc_usd', '/g?s=eth_usd'],
  ])(
    'of %s answers for %s as for a name that it never had, while a fault delists it',
    async (name, ticker, its, other) => {
      const never = await ask(name, its.replace(ticker, 'NOPE'));
      expect(never.status).toBe(404);
      expect((await simulator.post('/faults', { kind: 'delisted', source: name, ticker, seconds: 60 })).status).toBe(
        201,
      );
      expect(await ask(name, its)).toEqual(never);
      if (other !== undefined) expect(await ask(name, other)).toMatchObject({ status: 200 });
      simulator.reset();
      expect(await ask(name, its)).toMatchObject({ status: 200 });
    },
  );

  it('leaves what a fault delists out of an answer for several', async () => {
    const fault = { kind: 'delisted', source: 'in-rows', ticker: 'BTC-USD', seconds: 60 };
    expect((await ask('in-rows', '/all')).body).toContain('"BTC-USD"');
    expect((await simulator.post('/faults', fault)).status).toBe(201);
    const { status, body } = await ask('in-rows', '/all');
    expect(status).toBe(200);
    expect(body).not.toContain('"BTC-USD"');
    expect(body).toContain('"ETH-USD"');
    simulator.reset();
  });

  it('says that an answer is no success as the declaration tells it', async () => {
    expect(await ask('guarded', '/g?s=nope_usd')).toEqual({ status: 404, body: '{"code":"error","msg":"not found"}' });
    expect(await ask('in-rows', '/elsewhere')).toEqual({ status: 404, body: '{"ok":false}' });
    expect(await ask('by-number', '/elsewhere')).toEqual({ status: 404, body: '{"state":"error","msg":"not found"}' });
  });

  it('says not found where the declaration looks for errors, and knows no ticker that the market does not have', async () => {
    expect(await ask('nested', '/v1/ticker?symbol=NOPE-USD&x=1')).toEqual({
      status: 404,
      body: '{"message":"not found"}',
    });
    expect(await ask('nested', '/elsewhere')).toMatchObject({ status: 404 });
    expect(await ask('by-path', '/ETH')).toEqual({ status: 404, body: '{}' });
  });

  it('meets faults as any other does', async () => {
    const fault = { kind: 'renamed', source: 'nested', seconds: 60, times: 1 };
    expect((await simulator.post('/faults', fault)).status).toBe(201);
    expect((await ask('nested', '/v1/ticker?symbol=BTC-USD&x=1')).body).toMatch(/^\{"data":\[\{"(?!last)/);
    expect((await simulator.post('/faults', { ...fault, source: 'nobody' })).status).toBe(400);
  });

  it('is read from a file, and is none without one', async () => {
    expect(await readDeclaredStandIns(undefined)).toEqual([]);
    expect((await readDeclaredStandIns('docs/sources.example.yaml')).map(({ name }) => name)).toEqual([
      'okx',
      'gemini',
    ]);
    await expect(readDeclaredStandIns('/none.yaml')).rejects.toThrow('HTTP_SOURCES_FILE /none.yaml is not usable');
  });
});
