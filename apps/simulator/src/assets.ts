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
 * Every asset of the simulated market by its short name. Real ones as of 2026 by magnitude; only the magnitude matters.
 * The volatility indexes of Deribit (`btcdvol`, `ethdvol`) are points and not prices, and are written the same way.
 */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries({
    ada: { usd: 0.62 },
    algo: { usd: 0.21 },
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
    eth: { usd: 3_000 },
    ethdvol: { usd: 62 },
    eur: { usd: 1.16, swing: PEGGED },
    eurr: { usd: 1.16, course: 'eur', swing: PEGGED },
    gbp: { usd: 1.34, swing: PEGGED },
    jpy: { usd: 0.0066, swing: PEGGED },
    link: { usd: 15.3 },
    ltc: { usd: 92 },
    near: { usd: 2.6 },
    paxg: { usd: 4_100, swing: 0.3 },
    shib: { usd: 0.0000124 },
    sol: { usd: 152 },
    steth: { usd: 2_998, course: 'eth' },
    ton: { usd: 2.9 },
    trump: { usd: 7.9 },
    trx: { usd: 0.28 },
    uni: { usd: 7.4 },
    usd: { usd: 1, swing: 0 },
    usdc: { usd: 1, swing: PEGGED },
    usde: { usd: 1, swing: PEGGED },
    usdt: { usd: 1, swing: PEGGED },
    usyc: { usd: 1.1, swing: PEGGED },
    xrp: { usd: 2.3 },
  }),
);
