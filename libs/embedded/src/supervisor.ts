import { setTimeout as pause } from 'node:timers/promises';
import { describeEnd, type Child } from './child-process.js';
import { messageOf } from './fault-text.js';

/** One process that is to run for as long as the launcher. */
export interface Part {
  readonly name: string;
  /** Starts it, also after its death. */
  launch(): Promise<Child>;
  /** The status by which it says that no new start would mend its end. */
  readonly lastingStatus?: number;
  /** Set for a store: answers once it can be used. @throws when it dies before. */
  untilReady?(child: Child): Promise<void>;
}

/** Parts that are ended together, and how much time is kept for them when those before them take long. */
export interface EndStage {
  readonly names: readonly string[];
  readonly reservedMs: number;
}

/** Options of a supervisor. */
export interface SupervisorOptions {
  /** A sentence about a death or a restart, for the terminal. */
  readonly say: (sentence: string) => void;
  /**
   * Called with a part that has ended with its `lastingStatus`; answers whether everything is to end for it. If so the part is not
   * started again, else it is tried at the longest pause, while the others go on. Default: it is not started again.
   */
  readonly onLasting?: (child: Child) => boolean;
  /** The pids that run now, whenever that changes. */
  readonly onChange?: (pids: readonly number[]) => void;
  /** Bounds and growth of the pause before a restart; the defaults are the product's. */
  readonly backoff?: Partial<Backoff>;
}

/** How long to wait before a dead part is started again: twice as long each time, until it stayed up for a while. */
export interface Backoff {
  /** Default 200. */
  readonly firstMs: number;
  /** Default 5,000. */
  readonly mostMs: number;
  /** Default 10,000. */
  readonly upMs: number;
}

const BACKOFF: Backoff = { firstMs: 200, mostMs: 5_000, upMs: 10_000 };

const LASTING_WORDS = ': what it said has to be mended first, and the others go on';

interface Watched {
  readonly part: Part;
  child: Child | undefined;
}

/** Keeps parts running until it is told to end them. */
export class Supervisor {
  private readonly watched = new Map<string, Watched>();
  private readonly ending = new AbortController();
  private readonly backoff: Backoff;

  constructor(private readonly options: SupervisorOptions) {
    this.backoff = { ...BACKOFF, ...options.backoff };
  }

  /** Starts a part and watches it from now on. @throws when it cannot be started the first time. */
  async start(part: Part): Promise<void> {
    const child = await part.launch();
    // Everything was told to end meanwhile.
    if (this.ending.signal.aborted) await child.stop(0);
    else this.watch(part, child);
  }

  /** Watches a part that runs already. */
  watch(part: Part, child: Child): void {
    const watched: Watched = { part, child: undefined };
    this.watched.set(part.name, watched);
    this.took(watched, child);
    void this.keepRunning(watched, child);
  }

  /** Pid of a part; undefined while it is dead. */
  pidOf(name: string): number | undefined {
    return this.watched.get(name)?.child?.pid;
  }

  /**
   * Ends everything, stage after stage, each part in an orderly way or, when its time is over, by force. Whatever time a
   * stage leaves is the next one's; the last one's limit is `limitMs` after the call.
   */
  async end(stages: readonly EndStage[], limitMs: number): Promise<void> {
    this.ending.abort();
    const deadline = performance.now() + limitMs;
    let reservedMs = stages.reduce((sum, stage) => sum + stage.reservedMs, 0);
    for (const { names, reservedMs: own } of stages) {
      reservedMs -= own;
      const limit = Math.max(deadline - performance.now() - reservedMs, 0);
      await Promise.all(names.map(async (name) => this.watched.get(name)?.child?.stop(limit)));
    }
  }

  private async keepRunning(watched: Watched, first: Child): Promise<void> {
    const { part } = watched;
    const { signal } = this.ending;
    let child = first;
    let waitMs = this.backoff.firstMs;
    for (;;) {
      const upSince = performance.now();
      const end = await child.ended;
      this.took(watched, undefined);
      if (signal.aborted) return;
      if (performance.now() - upSince >= this.backoff.upMs) waitMs = this.backoff.firstMs;
      await child.stop(0);
      const isLasting = end.status !== null && end.status === part.lastingStatus;
      if (isLasting && this.options.onLasting?.(child) !== false) return;
      if (isLasting) waitMs = this.backoff.mostMs;
      const next = await this.again(watched, `${describeEnd(end)}${isLasting ? LASTING_WORDS : ''}`, waitMs);
      if (next === undefined) return;
      child = next;
      waitMs = Math.min(waitMs * 2, this.backoff.mostMs);
      void part.untilReady?.(child).then(
        () => this.options.say(`${part.name} is back`),
        () => undefined, // Its death is seen by this loop too.
      );
    }
  }

  /** Starts a dead part again, however often that takes; undefined when everything is to end. */
  private async again(watched: Watched, how: string, firstWaitMs: number): Promise<Child | undefined> {
    const { part } = watched;
    const { signal } = this.ending;
    let why = `ended with ${how}`;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, this.backoff.mostMs)) {
      this.options.say(`${part.name} ${why}; it is started again in ${waitMs / 1000} s`);
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      try {
        const child = await part.launch();
        this.took(watched, child);
        if (!signal.aborted) return child;
        await child.stop(0);
        return undefined;
      } catch (error) {
        why = `could not be started (${messageOf(error)})`;
      }
    }
  }

  private took(watched: Watched, child: Child | undefined): void {
    watched.child = child;
    const pids = [...this.watched.values()].flatMap((each) => (each.child === undefined ? [] : [each.child.pid]));
    this.options.onChange?.(pids);
  }
}
