/** What a simulated source answers. */
export interface SourceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The price texts in the body by name; undefined when it holds none. */
  readonly prices?: Readonly<Record<string, string>>;
}
