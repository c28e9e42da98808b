import type { Clock } from '../tokens.js';

/** How long what was read may be used again, in milliseconds: however many ask, the database is asked once a second. */
const FRESH_MS = 1_000;

/** Keeps the outcome of a read for a second, and lets everybody who asks meanwhile share one read. A failed read is not kept. */
export class KeptBriefly<Value> {
  private kept: { readonly value: Value; readonly atMs: number } | undefined;
  private reading: Promise<Value> | undefined;

  constructor(private readonly now: Clock) {}

  /** What was read within the last second, or is read now. */
  async get(read: () => Promise<Value>): Promise<Value> {
    // A clock that is set back makes nothing fresh for longer.
    const ageMs = this.kept === undefined ? Infinity : this.now() - this.kept.atMs;
    if (this.kept !== undefined && ageMs >= 0 && ageMs < FRESH_MS) return this.kept.value;
    this.reading ??= this.readNow(read).finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readNow(read: () => Promise<Value>): Promise<Value> {
    const value = await read();
    this.kept = { value, atMs: this.now() };
    return value;
  }
}
