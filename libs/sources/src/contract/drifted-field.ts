/** Where a value stands in an answer. */
export type FieldPath = readonly string[];

/** A field that no longer is what the source's contract says. */
export interface Drift {
  /** The field of the contract, e.g. `["bitcoin", "usd"]`. */
  readonly field: FieldPath;
  /** The field that looks like it now: renamed, moved, or the same with another type. */
  readonly near?: FieldPath | undefined;
  readonly detail: string;
}
