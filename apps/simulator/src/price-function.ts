import { parseTicker } from '@app/domain';
import { ASSETS } from './assets.js';
import { floatText } from './price-text.js';
import type { SourceName } from './source-names.js';

// Taken out once: a checker asks for hundreds of thousands of prices, and under Jest every use of a global is dear.
const { floor, imul } = Math;
const POWERS_OF_TEN = Array.from({ length: 20 }, (_, exponent) => Number(`1e${exponent}`));

/** Which price is asked for. */
export interface PriceQuestion {
  readonly seed: string;
  readonly source: SourceName;
  /** `base_quote`, both assets of the simulated market. */
  readonly ticker: string;
  /** UNIX second. */
  readonly second: number;
}

/** One layer of the wander: how long a swing lasts, and how far it goes as a share of the price. */
interface Layer {
  readonly periodSeconds: number;
  readonly share: number;
}

/** How the market moves, alike for every source: from months down to seconds, in all at most a tenth of the price. */
const MARKET_LAYERS: readonly Layer[] = [
  { periodSeconds: 2_592_000, share: 0.05 },
  { periodSeconds: 259_200, share: 0.02 },
  { periodSeconds: 21_600, share: 0.01 },
  { periodSeconds: 3_600, share: 0.004 },
  { periodSeconds: 600, share: 0.0012 },
  { periodSeconds: 60, share: 0.0004 },
  { periodSeconds: 7, share: 0.0001 },
];

/** How a source strays from the market: two sources differ by at most twice the sum and one ring, below 0.1 %. */
const SOURCE_LAYERS: readonly Layer[] = [
  { periodSeconds: 900, share: 0.00015 },
  { periodSeconds: 13, share: 0.00008 },
];

/**
 * The last digits walk round a ring of this many units, so that no two seconds of one round share a price. The rings are
 * primes: seconds that are any number of minutes apart (up to an hour, and a day) do not share one either.
 */
const LONG_RING = { units: 601, step: 371 };
const SHORT_RING = { units: 61, step: 38 };

/** From this magnitude on the long ring spans no more than 0.02 % of the price. */
const LEAST_UNITS_FOR_LONG_RING = 3_000_000;

/** CoinGecko writes about this many digits with `precision=full`. */
const COINGECKO_DIGITS = 14;

/**
 * The simulated price as the source would write it into its JSON.
 * A pure function: no state, any second at once, the same on every machine since it only adds, multiplies and hashes.
 * Two seconds less than a minute apart (ten minutes for Bitcoin and at CoinGecko) never share a price, so that a price filed
 * under a wrong second shows; sources lie less than 0.1 % apart.
 * @throws RangeError when the ticker names an asset that the simulated market does not have.
 */
export function simulatedPrice({ seed, source, ticker, second }: PriceQuestion): string {
  const parts = parseTicker(ticker);
  const base = parts && ASSETS.get(parts.base);
  const quote = parts && ASSETS.get(parts.quote);
  if (parts === undefined || base === undefined || quote === undefined)
    throw new RangeError(`no simulated price for ticker "${ticker}"`);

  const key = hashText(`${seed}|${source}|${ticker}`);
  const market = usdPrice(seed, parts.base, second) / usdPrice(seed, parts.quote, second);
  const price = market * (1 + wander(key, SOURCE_LAYERS, second));

  // Decimals and ring follow from what never changes, so that they are the same for every second.
  const magnitude = base.usd / quote.usd;
  const decimals = decimalsOf(source, magnitude);
  const ring = magnitude * powerOfTen(decimals) >= LEAST_UNITS_FOR_LONG_RING ? LONG_RING : SHORT_RING;
  const units = price * powerOfTen(decimals);
  const place = modulo(modulo(second, ring.units) * ring.step + key, ring.units);
  return floatText(source, floor(units / ring.units) * ring.units + place, decimals);
}

function usdPrice(seed: string, name: string, second: number): number {
  const asset = ASSETS.get(name);
  if (asset === undefined) throw new RangeError(`no simulated asset "${name}"`);
  const key = hashText(`${seed}|${asset.course ?? name}`);
  return asset.usd * (1 + (asset.swing ?? 1) * wander(key, MARKET_LAYERS, second));
}

/** Decimals for a price of this magnitude: Deribit has 2, and more where 2 would say too little. */
function decimalsOf(source: SourceName, magnitude: number): number {
  const exponent = Number(magnitude.toExponential().split('e')[1]);
  switch (source) {
    case 'deribit':
      // From 3 000 on 2 decimals; 300 000 units are the fewest in which the short ring is within 0.02 %.
      return Math.max(2, magnitude >= 3 * powerOfTen(exponent) ? 5 - exponent : 6 - exponent);
    case 'coingecko':
      return COINGECKO_DIGITS - 1 - exponent;
  }
}

/** Sum of the layers, each a smooth noise between minus and plus its share. */
function wander(key: number, layers: readonly Layer[], second: number): number {
  let sum = 0;
  for (const { periodSeconds, share } of layers) {
    const cell = floor(second / periodSeconds);
    const progress = second / periodSeconds - cell;
    const from = noise(key ^ periodSeconds, cell);
    const to = noise(key ^ periodSeconds, cell + 1);
    sum += share * (from + (to - from) * progress * progress * (3 - 2 * progress));
  }
  return sum;
}

/** A number from -1 to 1 that follows from key and cell alone. */
function noise(key: number, cell: number): number {
  return scramble(imul(cell, 0x9e3779b1) ^ scramble(key)) / 0x80000000 - 1;
}

/** 32 bits of a text (FNV-1a, then scrambled). */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return scramble(hash);
}

/** Spreads every bit over all 32 (the last steps of MurmurHash3); from 0 to 2^32 - 1. */
function scramble(value: number): number {
  let bits = value;
  bits = imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Exact for every exponent that occurs here, unlike the power operator, whose last bit is the engine's own affair. */
function powerOfTen(exponent: number): number {
  return POWERS_OF_TEN[exponent] ?? Number(`1e${exponent}`);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
