import { closest, distance } from 'fastest-levenshtein';

/** A name is near when at most this share of its letters has to change. */
const NEAR_SHARE = 0.5;

/** The end of a sentence about a wrong name: `; did you mean kraken?`, or a full stop when no known name is near. */
export function didYouMean(wrong: string, known: readonly string[]): string {
  if (known.length === 0) return '.';
  const nearest = closest(wrong.toLowerCase(), [...known]);
  const isNear = distance(wrong.toLowerCase(), nearest) <= Math.max(wrong.length, nearest.length) * NEAR_SHARE;
  return isNear ? `; did you mean ${nearest}?` : '.';
}
