import { databaseUrl } from '@app/config';
import { bucketFor, takeFromBucket, type BudgetAnswer, type CallLimit } from '@app/domain';
import { callLimitsOf, lacksKey, waitForRoom, type Source } from '@app/sources';
import type { CliSettings } from '../cli-settings.js';
import type { FleetBudget } from './fleet-budget.js';

/** How long one call waits for room under the limit of its source, in milliseconds; then the next source is asked. */
const MAX_WAIT_MS = 60_000;

/** What a {@link CommandBudget} works with. */
export interface CommandBudgetOptions {
  readonly settings: CliSettings;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
  /** Called before each wait, and once when calls cannot be counted. */
  readonly say: (text: string) => void;
}

/**
 * Asked before each call of a command. Where a database is reached, calls are counted in it together with those of the fleet; where
 * none is, limits are kept within this command, and months are not counted.
 */
export class CommandBudget {
  private fleet: FleetBudget | undefined;
  private isAlone = false;
  private readonly fullAtMs = new Map<string, number>();

  constructor(private readonly options: CommandBudgetOptions) {}

  /**
   * Waits until the limit of the source has room for a call, and counts it.
   * @returns false when the month has no credits left for it, and it must not be made.
   * @throws SourceError `rate_limited` when the limit stays used up for a minute.
   */
  async take(source: Source, cost: number): Promise<boolean> {
    const { settings, now, signal, say } = this.options;
    const access = settings.access[source.name];
    // Without its key the source is not called at all.
    if (lacksKey(source, access)) return true;
    const { limit, monthly } = callLimitsOf(source, access);
    return waitForRoom(source, {
      take: async (nowMs) => {
        const request = { sourceId: source.id, cost, nowMs, limit, monthly };
        return (await this.takeFromFleet(request)) ?? this.takeAlone(source, { cost, limit, nowMs });
      },
      now,
      maxWaitMs: MAX_WAIT_MS,
      signal,
      onWait: (afterMs) => say(`waiting ${(afterMs / 1000).toFixed(1)} s until the limit of ${source.name} has room`),
    });
  }

  async close(): Promise<void> {
    await this.fleet?.close();
  }

  private async takeFromFleet(request: Parameters<FleetBudget['take']>[0]): Promise<BudgetAnswer | undefined> {
    if (this.isAlone) return undefined;
    try {
      this.fleet ??= new (await import('./fleet-budget.js')).FleetBudget(databaseUrl(this.options.settings.settings));
      return await this.fleet.take(request);
    } catch {
      // A person who asks once from a machine without the database is not to be kept from it.
      this.isAlone = true;
      this.options.say(
        'calls are not counted: no Tidemark database is reached; the limits of sources are kept within this command alone',
      );
      return undefined;
    }
  }

  /** By the clock of who waits: by another one, a timer that fires a millisecond early would have to wait once more. */
  private takeAlone(
    { name }: Source,
    { cost, limit, nowMs }: { readonly cost: number; readonly limit: CallLimit; readonly nowMs: number },
  ): BudgetAnswer {
    const taken = takeFromBucket(this.fullAtMs.get(name), nowMs, bucketFor(limit, cost));
    if ('afterMs' in taken) return { kind: 'later', afterMs: taken.afterMs };
    this.fullAtMs.set(name, taken.fullAtMs);
    return { kind: 'granted' };
  }
}
