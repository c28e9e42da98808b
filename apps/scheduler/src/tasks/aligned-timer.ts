/** A timer may fire this long before its time by the clock, in milliseconds: the period that is so near is the one just served. */
const MAX_EARLY_MS = 20;

/**
 * Runs a piece of work in every period of the clock, at an offset from the period's beginning, one at a time: periods that
 * begin while it runs are left out and not made up for.
 */
export class AlignedTimer {
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private inHand: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: {
      readonly everySeconds: number;
      readonly offsetMs: number;
      readonly now: () => number;
      /** Must not reject. */
      readonly work: () => Promise<void>;
    },
  ) {}

  start(): void {
    this.stopped = false;
    this.arm();
  }

  /** @returns when work in hand has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.inHand;
  }

  private arm(): void {
    if (this.stopped) return;
    const { everySeconds, offsetMs, now } = this.options;
    const periodMs = everySeconds * 1000;
    const nextMs = periodMs - ((now() - offsetMs) % periodMs);
    const delayMs = nextMs <= MAX_EARLY_MS ? nextMs + periodMs : nextMs;
    this.timer = setTimeout(() => {
      this.inHand = this.options.work();
      void this.inHand.finally(() => this.arm());
    }, delayMs);
  }
}
