/** What one source says of one ticker: the number's text as it stood on the wire, and the source's own time where it names one. */
export interface Quote {
  readonly ticker: string;
  /** The price exactly as written on the wire; not yet checked. */
  readonly price: string;
  /** What the source claims as the time of the price; undefined where it claims none (Deribit). */
  readonly sourceTime: Date | undefined;
}
