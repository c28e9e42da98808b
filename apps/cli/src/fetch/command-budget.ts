import { databaseUrl } from '@app/config';
import { lacksKey, planOf, type Source } from '@app/sources';
import type { CliSettings } from '../cli-settings.js';
import type { FleetCredits } from './fleet-budget.js';

/** Counts calls against the month of their source, where a database is reached: the same one that the fleet counts in. */
export class CreditBook {
  private fleet: FleetCredits | undefined;
  private isAway = false;

  /** @param say is called once when calls cannot be counted, with the reason. */
  constructor(
    private readonly settings: CliSettings,
    private readonly now: () => number,
    private readonly say: (text: string) => void,
  ) {}

  /** Counts a call before it is made. @returns false when the month has no credits left for it, and it must not be made. */
  async spend(source: Source, cost: number): Promise<boolean> {
    const access = this.settings.access[source.name];
    const { monthly } = planOf(source, access);
    // Without its key the source is not called at all.
    if (monthly === undefined || this.isAway || lacksKey(source, access)) return true;
    try {
      this.fleet ??= new (await import('./fleet-budget.js')).FleetCredits(databaseUrl(this.settings.settings));
      const request = { sourceId: source.id, cost, monthly: monthly.credits, nowMs: this.now() };
      return (await this.fleet.spend(request)).granted;
    } catch {
      // A person who asks once from a machine without the database is not to be kept from it.
      this.isAway = true;
      this.say(`the call to ${source.name} is not counted against its month: no Tidemark database is reached`);
      return true;
    }
  }

  async close(): Promise<void> {
    await this.fleet?.close();
  }
}
