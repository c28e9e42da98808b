/** How wide a line for a person may be where no terminal says otherwise, in characters. */
const USUAL_COLUMNS = 80;

/** What is known of a stream that may be a terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean | undefined;
  /** 0 on a terminal whose size nobody set, such as that of `script` in a pipe. */
  readonly columns?: number | undefined;
}

/** Whether this stream is a terminal that has a size. */
export function hasColumns({ isTTY, columns }: MaybeTerminal): boolean {
  return isTTY === true && columns !== undefined && columns > 0;
}

/** How wide lines may be on this stream, in characters; 80 where it is no terminal or has no size. */
export function columnsOf(stream: MaybeTerminal): number {
  return hasColumns(stream) ? (stream.columns ?? USUAL_COLUMNS) : USUAL_COLUMNS;
}
