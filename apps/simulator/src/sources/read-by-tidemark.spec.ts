import { convertReading, judgeReading, parseTicker } from '@app/domain';
import { endpointFor, isQuote, readAnswer, SOURCES, type RequestedTicker, type Source } from '@app/sources';
import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';
import { formsOf, simulatedNames, simulatedSource } from './registry.js';

const simulator = new ControlledSimulator();

beforeAll(() => simulator.start({ syntheticCount: 1 }));
afterAll(() => simulator.stop());

/** The thirty largest by market value, as of 2026; stablecoins in dollars among them. */
const LARGEST = (
  'btc eth usdt xrp bnb sol usdc trx doge ada bch link hype xlm sui avax ltc hbar shib ton dot uni xmr aave near etc apt icp ' +
  'arb atom'
).split(' ');

/** What a source has of the largest assets under its default names, and the simulated one too. */
function askable(source: Source): readonly RequestedTicker[] {
  return named(source).filter(({ sourceSymbol }) => formsOf(source.name, sourceSymbol, 'usd').length > 0);
}

/** The largest assets by the default names of a source. */
function named(source: Source): readonly RequestedTicker[] {
  return LARGEST.flatMap((asset) => {
    const parts = parseTicker(`${asset}_usd`);
    const sourceSymbol = parts === undefined ? undefined : source.defaultSymbol(parts);
    return sourceSymbol === undefined ? [] : [{ ticker: `${asset}_usd`, sourceSymbol }];
  });
}

async function ask(source: Source, tickers: readonly RequestedTicker[]) {
  const { prefix } = simulatedSource(source.name);
  const endpoint = endpointFor(source, tickers);
  const { path, query } = endpoint.request(tickers);
  const headers: Record<string, string> = source.name === 'coincap' ? { authorization: 'Bearer spec' } : {};
  const response = await simulator.get(`${prefix}${path}?${new URLSearchParams(query).toString()}`, headers);
  const answer = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
  return readAnswer(source, tickers, answer, { endpoint: endpoint.name, nowMs: simulator.nowMs });
}

const BUILT_IN = SOURCES.filter(({ name }) => simulatedNames().includes(name));

describe.each(BUILT_IN.map((source) => [source.name, source] as const))(
  'what the simulated %s answers',
  (name, source) => {
    it('is read by Tidemark, alone and in a batch, and every price is that of the market', async () => {
      const tickers = askable(source);
      // Of Deribit's stablecoin indexes the largest dozen; of any other twenty, or all that it has a name for.
      expect(tickers.length).toBeGreaterThanOrEqual(Math.min(name === 'deribit' ? 12 : 20, named(source).length));
      expect(tickers.length).toBeGreaterThan(0);
      const { maxBatch } = endpointFor(source, tickers);
      const batches = [...(maxBatch === 1 ? [] : [tickers.slice(0, maxBatch)]), ...tickers.map((ticker) => [ticker])];
      for (const batch of batches) {
        const { readings, drifts } = await ask(source, batch);
        expect(drifts).toEqual([]);
        expect(readings.map(({ ticker }) => ticker).toSorted()).toEqual(batch.map(({ ticker }) => ticker).toSorted());
        for (const reading of readings) {
          if (!isQuote(reading)) throw new Error(`${reading.ticker} cannot be read: ${reading.detail}`);
          const sourceSymbol = batch.find(({ ticker }) => ticker === reading.ticker)?.sourceSymbol ?? '';
          const quote = source.quoteOf?.(sourceSymbol) ?? 'usd';
          const [base = ''] = reading.ticker.split('_');
          const market = Number(simulator.running.prices.marketText(`${base}_${quote}`, SECOND));
          const price =
            'inverted' in reading && reading.inverted === true ? 1 / Number(reading.price) : Number(reading.price);
          expect(Math.abs(price / market - 1)).toBeLessThan(0.001);
        }
      }
    });

    it('has enough digits for every price that has to be calculated', async () => {
      // Where Coinbase has a market, the rate of the coin is asked by its own name.
      const tickers = askable(source).map((asked) =>
        name === 'coinbase' ? { ...asked, sourceSymbol: asked.sourceSymbol.replace(/-USD$/, '') } : asked,
      );
      const { maxBatch } = endpointFor(source, tickers);
      for (let from = 0; from < tickers.length; from += maxBatch) {
        const batch = tickers.slice(from, from + maxBatch);
        const { readings } = await ask(source, batch);
        for (const reading of readings) {
          const quotedIn = source.quoteOf?.(batch.find(({ ticker }) => ticker === reading.ticker)?.sourceSymbol ?? '');
          const asked = { quote: 'usd', quotedIn: quotedIn === 'usd' ? undefined : quotedIn };
          const times = { receivedAt: new Date(simulator.nowMs) };
          const judged = judgeReading(asked, reading, times, { stablecoinsAtPar: false });
          const isWaiting = judged.reason === 'no_conversion_rate';
          expect(isWaiting ? convertReading(judged, { price: '0.99985' }) : judged).toMatchObject({
            outcome: 'accepted',
          });
        }
      }
    });

    it('to the question for its names covers the names that it has prices for', async () => {
      if (source.names === undefined) return;
      const { prefix } = simulatedSource(name);
      const { path, query } = source.names.request;
      const headers: Record<string, string> = name === 'coincap' ? { authorization: 'Bearer spec' } : {};
      const response = await simulator.get(`${prefix}${path}?${new URLSearchParams(query).toString()}`, headers);
      expect(response.status).toBe(200);
      const body = await response.text();
      const missing = askable(source).filter(({ sourceSymbol }) => !body.includes(`"${sourceSymbol}"`));
      expect(missing).toEqual([]);
    });
  },
);

it('every simulated source is a source of Tidemark', () => {
  expect(BUILT_IN.map(({ name }) => name).toSorted()).toEqual(simulatedNames().toSorted());
});
