import { distance } from 'fastest-levenshtein';

/** Most names suggested, where the caller says nothing else. */
const MOST_NAMES = 3;

/** A name is near when at most this share of its letters has to change. */
const NEAR_SHARE = 0.5;

/** The known names nearest to a wrong one, nearest first; fewer than `most` when there are no more. Case does not count. */
export function nearestNames(wrong: string, known: Iterable<string>, most = MOST_NAMES): string[] {
  return ranked(wrong, known, most).map(({ name }) => name);
}

/** Those of the {@link nearestNames} that are near enough to be what was meant. */
export function nearNames(wrong: string, known: Iterable<string>, most = MOST_NAMES): string[] {
  return ranked(wrong, known, most)
    .filter(({ name, changes }) => changes <= Math.max(name.length, wrong.length) * NEAR_SHARE)
    .map(({ name }) => name);
}

function ranked(wrong: string, known: Iterable<string>, most: number): { name: string; changes: number }[] {
  const lower = wrong.toLowerCase();
  return Array.from(known, (name) => ({ name, changes: distance(lower, name.toLowerCase()) }))
    .sort((left, right) => left.changes - right.changes || (left.name < right.name ? -1 : 1))
    .slice(0, most);
}
