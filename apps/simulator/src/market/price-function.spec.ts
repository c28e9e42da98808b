import { marketPrice, simulatedPrice, type PriceQuestion } from './price-function.js';
import { parseTicker } from '@app/domain';
import { SOURCES } from '@app/sources';
import { formsOf, simulatedNames, styleOf } from '../sources/registry.js';
import { MarketEvents } from './market-event.js';

const NOON = 1_766_059_200;

type Change = Partial<Omit<PriceQuestion, 'style'>>;

function price({ source = 'deribit', ...changes }: Change = {}): string {
  return simulatedPrice({ seed: 'spec', ticker: 'btc_usd', second: NOON, source, style: styleOf(source), ...changes });
}

/** Names that a source has besides those of {@link COMMON}. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  deribit: [
    'btc_usd',
    'eth_usd',
    'sol_usdc',
    'eth_btc',
    'paxg_btc',
    'steth_eth',
    'usdc_usdt',
    'btcdvol_usdc',
    'shib_usdc',
  ],
  coingecko: ['bitcoin', 'ethereum', 'shiba-inu', 'tether', 'ripple'],
  coinpaprika: ['btc-bitcoin', 'shib-shiba-inu', 'usdt-tether'],
  coincap: ['bitcoin', 'shiba-inu', 'tether', 'xrp'],
  binance: ['BTCUSDT', 'ETHUSDT', 'ADAUSDT', 'USDCUSDT', 'VETUSDT'],
  coinbase: ['BTC-USD', 'XLM-USD', 'USDT-USD'],
  kraken: ['XBTUSD', 'SHIBUSD', 'USDTUSD', 'XDGUSD'],
  bitstamp: ['btcusd', 'dogeusd', 'usdtusd', 'usdcusd'],
};

/** Tickers that most sources have, each by its default name there. */
const COMMON = ['btc_usd', 'eth_usd'];

function defaultNames(source: string): string[] {
  return COMMON.flatMap((ticker) => {
    const parts = parseTicker(ticker);
    const name = parts && SOURCES.find((candidate) => candidate.name === source)?.defaultSymbol(parts);
    return name === undefined || formsOf(source, name, 'usd').length === 0 ? [] : [name];
  });
}

const EVERY_TICKER: readonly [string, string][] = simulatedNames().flatMap((source) =>
  [...new Set([...(NAMES[source] ?? []), ...defaultNames(source)])].map((name): [string, string] => {
    const [form] = formsOf(source, name, 'usd');
    if (form === undefined) throw new Error(`${source} does not know ${name}`);
    return [source, form.ticker];
  }),
);

describe('the simulated price', () => {
  it('has the same digits for ever', () => {
    // Fixed so that no later change of the function goes unnoticed: stored runs are checked against it.
    expect(price()).toBe('89178.93');
    expect(price({ source: 'coingecko', ticker: 'eth_usd' })).toBe('2889.4797548876');
    expect(price({ source: 'coingecko', ticker: 'shib_usd' })).toBe('1.1921645949984e-05');
  });

  it('is the same whether a second is asked alone, again, or in another order', () => {
    const seconds = Array.from({ length: 100 }, (_, index) => NOON + index * 37);
    const forward = seconds.map((second) => price({ second }));
    const backward = seconds.toReversed().map((second) => price({ second }));
    expect(backward.toReversed()).toEqual(forward);
  });

  it('changes with the seed, the source and the ticker', () => {
    const prices = [
      price(),
      price({ seed: 'other' }),
      price({ source: 'coingecko' }),
      price({ ticker: 'btc_usdc' }),
      price({ ticker: 'eth_usd' }),
    ];
    expect(new Set(prices).size).toBe(prices.length);
  });

  it.each(EVERY_TICKER)('of %s %s differs from that of every other second within a minute', (source, ticker) => {
    for (const start of [NOON, NOON + 12_345, NOON + 86_399]) {
      const prices = Array.from({ length: 61 }, (_, offset) => price({ source, ticker, second: start + offset }));
      expect(new Set(prices).size).toBe(61);
    }
  });

  it.each([5, 60, 300, 3_600, 86_400])('differs from that of the slot before, %i seconds ago', (interval) => {
    for (let slot = NOON; slot < NOON + 500 * interval; slot += interval) {
      for (const ticker of ['btc_usd', 'eth_usd']) {
        expect(price({ ticker, second: slot })).not.toBe(price({ ticker, second: slot - interval }));
      }
    }
  });

  it.each(['btc_usd', 'eth_usd'])('of %s lies less than 0.1 %% apart between two sources', (ticker) => {
    for (let second = NOON; second < NOON + 5_000_000; second += 4_999) {
      const deribit = Number(price({ ticker, second }));
      const coingecko = Number(price({ ticker, second, source: 'coingecko' }));
      expect(Math.abs(deribit / coingecko - 1)).toBeLessThan(0.001);
    }
  });

  it('wanders within a tenth around 87,000 and 3,000 dollars, and never jumps', () => {
    for (let second = NOON; second < NOON + 30_000_000; second += 99_991) {
      expect(Math.abs(Number(price({ second })) / 87_000 - 1)).toBeLessThan(0.1);
      expect(Math.abs(Number(price({ second, ticker: 'eth_usd' })) / 3_000 - 1)).toBeLessThan(0.1);
      expect(Math.abs(Number(price({ second: second + 1 })) / Number(price({ second })) - 1)).toBeLessThan(0.0005);
    }
  });

  it('moves: an hour holds more than one direction and a day more than a few dollars', () => {
    const day = Array.from({ length: 1_440 }, (_, minute) => Number(price({ second: NOON + minute * 60 })));
    expect(Math.max(...day) - Math.min(...day)).toBeGreaterThan(100);
    const steps = day.slice(1, 61).map((value, index) => Math.sign(value - (day[index] ?? 0)));
    expect(new Set(steps)).toEqual(new Set([1, -1]));
  });

  it('keeps assets that are the same thing on one course', () => {
    for (let second = NOON; second < NOON + 5_000_000; second += 49_999) {
      expect(Math.abs(Number(price({ ticker: 'btc_usdc', second })) / Number(price({ second })) - 1)).toBeLessThan(
        0.004,
      );
      expect(Math.abs(Number(price({ ticker: 'steth_eth', second })) - 0.9993)).toBeLessThan(0.001);
    }
  });

  it('has 2 decimals at Deribit, and a .0 where it is whole', () => {
    const texts = Array.from({ length: 1_000 }, (_, offset) => price({ second: NOON + offset }));
    for (const text of texts) expect(text).toMatch(/^\d{5}\.(0|\d?[1-9])$/);
    expect(texts.some((text) => text.endsWith('.0'))).toBe(true);
  });

  it('has up to 14 digits at CoinGecko, and an exponent when it is small', () => {
    expect(price({ source: 'coingecko' })).toMatch(/^\d{5}\.\d{7,9}$/);
    expect(price({ source: 'coingecko', ticker: 'shib_usd' })).toMatch(/^\d\.\d{11,13}e-05$/);
  });

  it.each(EVERY_TICKER)('of %s %s is a JSON number above 0', (source, ticker) => {
    const text = price({ source, ticker });
    expect(JSON.parse(text)).toBeGreaterThan(0);
  });

  it('works for seconds before 1970 and far ahead', () => {
    expect(Number(price({ second: -1 }))).toBeGreaterThan(0);
    expect(Number(price({ second: 4_102_444_800 }))).toBeGreaterThan(0);
  });

  it.each(simulatedNames().filter((source) => source !== 'deribit'))(
    'at %s strays from the market by less than 0.1 %%, cheap coins included',
    (source) => {
      for (const asset of ['btc', 'ada', 'shib', 'vet', 'usdt', 'sim0001', 'sim4711']) {
        const ticker = `${asset}_${source === 'binance' && asset !== 'usdt' ? 'usdt' : 'usd'}`;
        for (let second = NOON; second < NOON + 500_000; second += 4_999) {
          const market = marketPrice({ seed: 'spec', ticker, second }).price;
          expect(Math.abs(Number(price({ source, ticker, second })) / market - 1)).toBeLessThan(0.001);
        }
      }
    },
  );

  it('at Binance is in USDT: multiplied with the price of USDT it is the price in dollars', () => {
    for (let second = NOON; second < NOON + 500_000; second += 4_999) {
      const inTether = Number(price({ source: 'binance', ticker: 'btc_usdt', second }));
      const tether = Number(price({ source: 'kraken', ticker: 'usdt_usd', second }));
      const market = marketPrice({ seed: 'spec', ticker: 'btc_usd', second }).price;
      expect(Math.abs((inTether * tether) / market - 1)).toBeLessThan(0.001);
    }
  });

  it('of USDT and USDC hardly moves, but is not 1', () => {
    for (const ticker of ['usdt_usd', 'usdc_usd']) {
      const texts = Array.from({ length: 500 }, (_, day) =>
        price({ source: 'kraken', ticker, second: NOON + day * 40_009 }),
      );
      for (const text of texts) expect(Math.abs(Number(text) - 1)).toBeLessThan(0.002);
      expect(new Set(texts).size).toBeGreaterThan(300);
    }
  });

  it('of made-up assets has every magnitude', () => {
    const prices = ['sim0001', 'sim0002', 'sim0003', 'sim0004', 'sim0005', 'sim9999', 'sim10000', 'sim20000'].map(
      (asset) => Number(price({ source: 'kraken', ticker: `${asset}_usd` })),
    );
    expect(Math.min(...prices)).toBeLessThan(0.1);
    expect(Math.max(...prices)).toBeGreaterThan(1_000);
    expect(() => price({ ticker: 'sim0000_usd' })).toThrow(RangeError);
    expect(() => price({ ticker: 'sim20001_usd' })).toThrow(RangeError);
  });

  it('is what the source multiplies it with while it is off', () => {
    expect(Number(price({ factor: 1.25 })) / Number(price())).toBeCloseTo(1.25, 4);
  });

  it('follows the events of the market at every source', () => {
    const events = new MarketEvents();
    events.add({ kind: 'move', asset: 'eth', percent: -30, from: NOON });
    for (const [source, ticker, ratio] of [
      ['deribit', 'eth_usd', 0.7],
      ['deribit', 'steth_usdc', 0.7],
      ['deribit', 'eth_btc', 0.7],
      ['deribit', 'steth_eth', 1],
      ['deribit', 'btc_usd', 1],
      ['bitstamp', 'eth_usd', 0.7],
    ] as const) {
      expect(Number(price({ source, ticker, events })) / Number(price({ source, ticker }))).toBeCloseTo(ratio, 3);
      expect(price({ source, ticker, events, second: NOON - 1 })).toBe(price({ source, ticker, second: NOON - 1 }));
    }
  });

  it.each(['nope_usd', 'btc_nope', 'btcusd', ''])('refuses the ticker "%s"', (ticker) => {
    expect(() => price({ ticker })).toThrow(RangeError);
  });
});
