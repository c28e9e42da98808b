import { distance } from 'fastest-levenshtein';

/** Most names suggested. */
const MOST_NAMES = 3;

/** A name is near when at most this share of its letters has to change. */
const NEAR_SHARE = 0.5;

/** The known names nearest to a wrong one, nearest first; fewer than three when there are no more. */
export function nearestNames(wrong: string, known: readonly string[]): string[] {
  return ranked(wrong, known).map(({ name }) => name);
}

/** Those of the {@link nearestNames} that are near enough to be what was meant. */
export function nearNames(wrong: string, known: readonly string[]): string[] {
  return ranked(wrong, known)
    .filter(({ name, changes }) => changes <= Math.max(name.length, wrong.length) * NEAR_SHARE)
    .map(({ name }) => name);
}

function ranked(wrong: string, known: readonly string[]): { name: string; changes: number }[] {
  const lower = wrong.toLowerCase();
  return known
    .map((name) => ({ name, changes: distance(lower, name) }))
    .sort((left, right) => left.changes - right.changes || (left.name < right.name ? -1 : 1))
    .slice(0, MOST_NAMES);
}
