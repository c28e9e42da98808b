/** What one source says of one ticker: the number's text as it stood on the wire, and the source's own time where it names one. */
export interface Quote {
  readonly ticker: string;
  /** The price exactly as written on the wire; not yet checked. */
  readonly price: string;
  /** What the source claims as the time of the price; undefined where it claims none (Deribit). */
  readonly sourceTime: Date | undefined;
  /** The text on the wire is units of the base for one unit of the quote (Coinbase's exchange rates): the price is its inverse. */
  readonly inverted?: true | undefined;
  /** Market capitalisation in the quote currency, as on the wire. */
  readonly marketCap?: string | undefined;
  /** Volume of the last 24 hours in the quote currency, as on the wire. */
  readonly volume24h?: string | undefined;
  /** Fields that had drifted and were read under another name or type, such as `usd from usdd` (DRIFT_POLICY=map). */
  readonly mapped?: readonly string[] | undefined;
}
