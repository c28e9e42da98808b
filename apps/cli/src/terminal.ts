/** Where a command reads and writes: the process's own streams, or a test's. */
export interface Terminal {
  /** Writes to standard output: the result, and nothing else. */
  print(text: string): void;
  /** Writes to standard error: progress and complaints, wrapped by words. */
  complain(text: string): void;
  /** How wide a line for a person may be on standard output, in characters. */
  readonly columns: number;
  /** Standard input, not yet read. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Shows what long work is doing: in one moving line on a terminal, in plain lines elsewhere; on standard error. */
  progress(): Progress;
  /** Aborted when the command shall end early, by Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** The environment; default: that of the process. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** The clock, milliseconds since 1970. */
  now(): number;
}

/** What long work is doing. */
export interface Progress {
  say(text: string): void;
  /** Takes the moving line away. */
  end(): void;
}
