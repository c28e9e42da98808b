/** The same message is shown once in this time. */
const QUIET_MS = 10_000;

/** More different messages than this are not told apart at once. */
const MAX_MESSAGES = 200;

/** Lets the first of many equal messages through, and later says how many there were. Pure: "now" is an argument. */
export class RepeatedLines {
  private readonly seen = new Map<string, { shownMs: number; hidden: number }>();

  /** What to add to the message when it is to be shown (mostly nothing); undefined when it is not. Numbers in it do not count. */
  admit(message: string, nowMs: number): string | undefined {
    const key = message.replaceAll(/\d+/g, '#');
    const before = this.seen.get(key);
    if (before !== undefined && nowMs - before.shownMs < QUIET_MS) {
      before.hidden += 1;
      return undefined;
    }
    this.seen.delete(key);
    this.seen.set(key, { shownMs: nowMs, hidden: 0 });
    const oldest = this.seen.keys().next();
    if (this.seen.size > MAX_MESSAGES && oldest.done !== true) this.seen.delete(oldest.value);
    return before === undefined || before.hidden === 0 ? '' : ` (and ${before.hidden} times before)`;
  }
}
