/**
 * Runs a piece of work one at a time. A call while it runs makes it run once more afterwards, with the newest argument:
 * nothing piles up, and nothing that happened meanwhile is overlooked.
 */
export class ConflatedWork<T> {
  private next: { argument: T } | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly work: (argument: T) => Promise<void>) {}

  /** @returns when everything asked for so far is done; rejects with what the last piece of work threw. */
  run(argument: T): Promise<void> {
    this.next = { argument };
    this.running ??= this.drain();
    return this.running;
  }

  /** @returns when nothing runs any more; never rejects. */
  async idle(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private async drain(): Promise<void> {
    let failure: { error: unknown } | undefined;
    while (this.next !== undefined) {
      const { argument } = this.next;
      this.next = undefined;
      failure = undefined;
      try {
        await this.work(argument);
      } catch (error) {
        failure = { error };
      }
    }
    // In the same turn as the last look at `next`: a call after it begins anew.
    this.running = undefined;
    if (failure !== undefined) throw failure.error;
  }
}
