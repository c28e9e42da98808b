import { simulatedPrice } from './price-function.js';
import {
  COINGECKO_COINS,
  COINGECKO_CURRENCIES,
  DERIBIT_INDEX_NAMES,
  tickerOf,
  type SourceName,
} from './source-names.js';

const NOON = 1_766_059_200;

function price(changes: Partial<Parameters<typeof simulatedPrice>[0]> = {}): string {
  return simulatedPrice({ seed: 'spec', source: 'deribit', ticker: 'btc_usd', second: NOON, ...changes });
}

const EVERY_TICKER: readonly [SourceName, string][] = [
  ...DERIBIT_INDEX_NAMES.map((name): [SourceName, string] => ['deribit', name]),
  ...[...COINGECKO_COINS.keys()].flatMap((id) =>
    [...COINGECKO_CURRENCIES].flatMap((currency): [SourceName, string][] => {
      const ticker = tickerOf('coingecko', id, currency);
      return ticker === undefined ? [] : [['coingecko', ticker]];
    }),
  ),
];

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

  it.each(['nope_usd', 'btc_nope', 'btcusd', ''])('refuses the ticker "%s"', (ticker) => {
    expect(() => price({ ticker })).toThrow(RangeError);
  });
});
