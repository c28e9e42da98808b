import { nearNames } from '@app/domain';

/** The end of a sentence about a wrong name: `; did you mean kraken?`, or a full stop when no known name is near. */
export function didYouMean(wrong: string, known: readonly string[]): string {
  const [nearest] = nearNames(wrong, known, 1);
  return nearest === undefined ? '.' : `; did you mean ${nearest}?`;
}
