import { parseTicker } from '@app/domain';
import { assetOf, type Asset } from './assets.js';
import type { MarketEvents } from './market-event.js';
import type { PriceStyle } from './price-style.js';

// Taken out once: a checker asks for hundreds of thousands of prices, and under Jest every use of a global is dear.
const { floor, imul, max } = Math;
const POWERS_OF_TEN = Array.from({ length: 20 }, (_, exponent) => Number(`1e${exponent}`));

/** Which price of the market is asked for. */
export interface MarketQuestion {
  readonly seed: string;
  /** `base_quote`, both assets of the simulated market. */
  readonly ticker: string;
  /** UNIX second. */
  readonly second: number;
  /** What happens to the market; nothing without it. */
  readonly events?: MarketEvents | undefined;
}

/** Which price of a source is asked for. */
export interface PriceQuestion extends MarketQuestion {
  readonly source: string;
  readonly style: PriceStyle;
  /** What the source multiplies the market with, e.g. 1.25 when it is a quarter off; 1 without it. */
  readonly factor?: number | undefined;
}

/** A price of the market, with its two assets. */
export interface MarketPrice {
  readonly base: Asset;
  readonly quote: Asset;
  readonly price: number;
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

/** From this magnitude on the short ring does so; below, the price is rounded and seconds may share it. */
const LEAST_UNITS_FOR_SHORT_RING = 300_000;

/**
 * The simulated price as the source would write it into its JSON.
 * A pure function: no state, any second at once, the same on every machine since it only adds, multiplies and hashes.
 * Two seconds less than a minute apart (ten minutes for Bitcoin and at CoinGecko) never share a price, so that a price filed
 * under a wrong second shows; sources lie less than 0.1 % apart.
 * @throws RangeError when the ticker names an asset that the simulated market does not have.
 */
export function simulatedPrice(question: PriceQuestion): string {
  const { seed, source, style, ticker, second, factor = 1 } = question;
  const { base, quote, price: market } = marketPrice(question);
  const key = hashText(`${seed}|${source}|${ticker}`);
  const price = market * factor * (1 + wander(key, SOURCE_LAYERS, second));

  // Decimals and ring follow from what never changes, so that they are the same for every second.
  const magnitude = base.usd / quote.usd;
  const decimals = style.decimals(magnitude);
  const units = price * powerOfTen(decimals);
  const usualUnits = magnitude * powerOfTen(decimals);
  if (usualUnits < LEAST_UNITS_FOR_SHORT_RING) return style.text(max(1, floor(units + 0.5)), decimals);
  const ring = usualUnits >= LEAST_UNITS_FOR_LONG_RING ? LONG_RING : SHORT_RING;
  const place = modulo(modulo(second, ring.units) * ring.step + key, ring.units);
  return style.text(floor(units / ring.units) * ring.units + place, decimals);
}

/**
 * The price that every source strays from, by less than 0.1 %: the market itself, with its events.
 * @throws RangeError when the ticker names an asset that the simulated market does not have.
 */
export function marketPrice(question: MarketQuestion): MarketPrice {
  const { ticker } = question;
  const parts = parseTicker(ticker);
  const base = parts && assetOf(parts.base);
  const quote = parts && assetOf(parts.quote);
  if (parts === undefined || base === undefined || quote === undefined)
    throw new RangeError(`no simulated price for ticker "${ticker}"`);
  const price = usdPrice(base, parts.base, question) / usdPrice(quote, parts.quote, question);
  return { base, quote, price };
}

function usdPrice(asset: Asset, name: string, { seed, second, events }: MarketQuestion): number {
  const course = asset.course ?? name;
  const key = hashText(`${seed}|${course}`);
  const usual = asset.usd * (1 + (asset.swing ?? 1) * wander(key, MARKET_LAYERS, second));
  return events === undefined ? usual : usual * events.factorAt(name, course, second);
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
