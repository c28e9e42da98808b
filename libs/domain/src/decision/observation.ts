/** What a source reported once, as far as it tells one observation from another. */
export interface Observed {
  /** The time that the source names. */
  readonly sourceTime: Date | undefined;
  /** The text on the wire. */
  readonly raw: string | undefined;
}

/**
 * What makes an observation another one than the one before: another time of the source; other digits where it names no time.
 * An answer that is repeated from a cache, or by a source that is stuck, is one observation however often it comes.
 */
export function observationOf({ sourceTime, raw }: Observed): string {
  return sourceTime === undefined ? `text ${raw ?? ''}` : `time ${sourceTime.getTime()}`;
}
