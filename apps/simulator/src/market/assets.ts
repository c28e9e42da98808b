/** What the simulated market knows of an asset. */
export interface Asset {
  /** Price in US dollars that the simulated price wanders around. */
  readonly usd: number;
  /** The asset whose course it follows; its own name when left out. */
  readonly course?: string;
  /** How far it wanders, as a share of what a coin does; 1 when left out. */
  readonly swing?: number;
}

const PEGGED = 0.01;

/**
 * Every named asset of the simulated market by its short name. Real ones as of 2026 by magnitude; only the magnitude
 * matters. The volatility indexes of Deribit (`btcdvol`, `ethdvol`) are points and not prices, and are written the same way.
 */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries({
    aave: { usd: 184 },
    ada: { usd: 0.62 },
    algo: { usd: 0.21 },
    apt: { usd: 3.4 },
    arb: { usd: 0.33 },
    atom: { usd: 3.1 },
    avax: { usd: 21.4 },
    bch: { usd: 480 },
    bnb: { usd: 610 },
    btc: { usd: 87_000 },
    btcdvol: { usd: 45 },
    buidl: { usd: 1, swing: PEGGED },
    chf: { usd: 1.24, swing: PEGGED },
    doge: { usd: 0.17 },
    dot: { usd: 4.2 },
    'drbfix-btc': { usd: 87_000, course: 'btc' },
    'drbfix-eth': { usd: 3_000, course: 'eth' },
    etc: { usd: 16.8 },
    eth: { usd: 3_000 },
    ethdvol: { usd: 62 },
    eur: { usd: 1.16, swing: PEGGED },
    eurr: { usd: 1.16, course: 'eur', swing: PEGGED },
    fil: { usd: 2.3 },
    gbp: { usd: 1.34, swing: PEGGED },
    hbar: { usd: 0.16 },
    hype: { usd: 38 },
    icp: { usd: 5.2 },
    jpy: { usd: 0.0066, swing: PEGGED },
    leo: { usd: 9.3 },
    link: { usd: 15.3 },
    ltc: { usd: 92 },
    near: { usd: 2.6 },
    op: { usd: 0.44 },
    paxg: { usd: 4_100, swing: 0.3 },
    shib: { usd: 0.0000124 },
    sol: { usd: 152 },
    steth: { usd: 2_998, course: 'eth' },
    sui: { usd: 2.1 },
    ton: { usd: 2.9 },
    trump: { usd: 7.9 },
    trx: { usd: 0.28 },
    uni: { usd: 7.4 },
    usd: { usd: 1, swing: 0 },
    usdc: { usd: 1, swing: PEGGED },
    usde: { usd: 1, swing: PEGGED },
    usdt: { usd: 1, swing: PEGGED },
    usyc: { usd: 1.1, swing: PEGGED },
    vet: { usd: 0.019 },
    xlm: { usd: 0.29 },
    xmr: { usd: 340 },
    xrp: { usd: 2.3 },
  }),
);

/** How many made-up assets there are, `sim0001` to `sim20000`: for runs with more tickers than the market has real assets. */
export const MOST_SYNTHETIC_ASSETS = 20_000;

/** Magnitudes that the made-up assets take in turn, in US dollars; each is moved a little, so that no two cost the same. */
const SYNTHETIC_MAGNITUDES = [0.05, 1.7, 24, 310, 4_200];

/** An asset by its short name, named or made up; undefined when the market does not have it. */
export function assetOf(name: string): Asset | undefined {
  const asset = ASSETS.get(name);
  if (asset !== undefined) return asset;
  const number = syntheticNumber(name);
  if (number === undefined) return undefined;
  const magnitude = SYNTHETIC_MAGNITUDES[number % SYNTHETIC_MAGNITUDES.length] ?? 1;
  return { usd: magnitude * (1 + number / 20_000) };
}

/** 1 for `sim0001`, 10000 for `sim10000`; undefined for every other kind of name. */
export function syntheticNumber(name: string): number | undefined {
  const digits = /^sim(\d{4}|[1-9]\d{4})$/.exec(name)?.[1];
  const number = Number(digits ?? 0);
  return number >= 1 && number <= MOST_SYNTHETIC_ASSETS ? number : undefined;
}

/** The short names of the first made-up assets, in order. */
export function syntheticAssets(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `sim${String(index + 1).padStart(4, '0')}`);
}
