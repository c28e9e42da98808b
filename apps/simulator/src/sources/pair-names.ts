import { syntheticNumber } from '../market/assets.js';

/** One pair of an exchange. */
export interface Pair {
  readonly base: string;
  readonly quote: string;
  readonly ticker: string;
}

/** The pairs that an exchange lists, by the exchange's own names. */
export interface PairNames {
  /** The pair behind a name; made-up assets are known, switched on or not. */
  pairOf(name: string): Pair | undefined;
  /** The listed names, real ones first, then as many made-up ones. */
  listed(syntheticCount: number): readonly string[];
}

/**
 * Makes the names of an exchange.
 * @param lists for each quote the bases that are traded in it, as short names.
 * @param nameOf the exchange's name for a pair.
 * @param syntheticQuote what made-up assets are traded in.
 */
export function pairNames(
  lists: Readonly<Record<string, string>>,
  nameOf: (base: string, quote: string) => string,
  syntheticQuote: string,
): PairNames {
  const pairs = Object.entries(lists).flatMap(([quote, bases]) =>
    bases.split(' ').map((base): Pair => ({ base, quote, ticker: `${base}_${quote}` })),
  );
  const byName = new Map(pairs.map((pair) => [nameOf(pair.base, pair.quote), pair]));
  const realNames = [...byName.keys()];
  let list: { count: number; names: readonly string[] } = { count: 0, names: realNames };
  return {
    pairOf: (name) => {
      const pair = byName.get(name);
      if (pair !== undefined) return pair;
      const base = /sim\d{4,5}/.exec(name.toLowerCase())?.[0];
      if (base === undefined || syntheticNumber(base) === undefined) return undefined;
      if (nameOf(base, syntheticQuote) !== name) return undefined;
      return { base, quote: syntheticQuote, ticker: `${base}_${syntheticQuote}` };
    },
    listed: (count) => {
      if (list.count !== count) {
        const synthetic = Array.from({ length: count }, (_, index) =>
          nameOf(`sim${String(index + 1).padStart(4, '0')}`, syntheticQuote),
        );
        list = { count, names: [...realNames, ...synthetic] };
      }
      return list.names;
    },
  };
}
