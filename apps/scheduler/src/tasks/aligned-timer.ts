/** A timer may fire this long before its time by the clock, in milliseconds: the turn that is so near is the one just taken. */
const MAX_EARLY_MS = 20;

/** Runs a piece of work at every second of the clock plus an offset, one at a time; what it throws goes to `onError`. */
export class AlignedTimer {
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private inHand: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: {
      readonly everySeconds: number;
      readonly offsetMs: number;
      readonly now: () => number;
      readonly work: () => Promise<void>;
      readonly onError: (error: unknown) => void;
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
      this.inHand = this.options.work().catch(this.options.onError);
      void this.inHand.finally(() => this.arm());
    }, delayMs);
  }
}
