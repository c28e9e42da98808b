/** What a source says of a slot: a price that has passed every check that looks at it alone. */
export interface ReportedPrice {
  readonly sourceId: number;
  readonly price: string;
  /** Read from a field that had drifted: believed only within the jump ratio of the last price, or when another source agrees. */
  readonly isMapped?: boolean | undefined;
  /** Tells it from what the source reported before: see `observationOf`. */
  readonly observation: string;
}

/** A last price. */
export interface Reference {
  /** UNIX second. */
  readonly slot: number;
  readonly price: string;
  /** It was served without anything that confirmed it. */
  readonly isUnconfirmed: boolean;
}

/** Whether a source is believed in a slot. */
export interface JumpVerdict {
  readonly sourceId: number;
  readonly isJump: boolean;
  /** It is served for want of a better one: see `judgePersistent`. */
  readonly isUnconfirmed: boolean;
  /** Nothing that another source may still report changes it. */
  readonly isFinal: boolean;
  /** A sentence that says why, when it is a jump. */
  readonly detail?: string | undefined;
}
