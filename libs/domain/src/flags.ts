/**
 * What is special about a price, as bits of one number.
 * - `derived`: not the digits of the wire: inverted, or converted by a rate, and rounded to what is known, at most 18 digits.
 * - `mapped`: read from a field that had drifted from the source's contract (DRIFT_POLICY=map).
 * - `at_par`: a stablecoin was taken for a dollar (ASSUME_STABLECOINS_AT_PAR=true).
 * - `unconfirmed`: far from the price before it for so long that it is served though nothing has confirmed it.
 * - `frozen`: its source has reported the same digits for long, and no other source of the ticker reported meanwhile.
 */
export const PRICE_FLAGS = { derived: 1, mapped: 2, at_par: 4, unconfirmed: 8, frozen: 16 } as const;
/** One of {@link PRICE_FLAGS}. */
export type PriceFlag = keyof typeof PRICE_FLAGS;

/** The flags that the decision adds, by what else is stored; the others follow from the answer alone. */
export const DECISION_FLAGS = PRICE_FLAGS.unconfirmed | PRICE_FLAGS.frozen;

/** The bits of some flags. */
export function flagBits(flags: readonly PriceFlag[]): number {
  return flags.reduce((bits, flag) => bits | PRICE_FLAGS[flag], 0);
}

/** The names of the flags in a number, in the order of their bits. */
export function flagNames(bits: number): PriceFlag[] {
  return (Object.keys(PRICE_FLAGS) as PriceFlag[]).filter((flag) => (bits & PRICE_FLAGS[flag]) !== 0);
}
