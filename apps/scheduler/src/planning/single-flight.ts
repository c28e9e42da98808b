/**
 * Runs a piece of work one at a time. A call while it runs makes it run once more afterwards, with the newest argument:
 * nothing piles up, and nothing that happened meanwhile is overlooked.
 */
export class SingleFlight<T> {
  private next: { argument: T } | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly work: (argument: T) => Promise<void>) {}

  /** @returns when everything asked for so far is done; rejects with what the work threw. */
  run(argument: T): Promise<void> {
    this.next = { argument };
    this.running ??= this.drain().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async drain(): Promise<void> {
    while (this.next !== undefined) {
      const { argument } = this.next;
      this.next = undefined;
      await this.work(argument);
    }
  }
}
