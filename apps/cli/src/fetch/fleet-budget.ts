import type { BudgetAnswer } from '@app/domain';
import { CallBudget, type CallRequest, createPool } from '@app/storage';

/** The budget of the fleet. In a file of its own, because what leads to the database takes longer to load than all the rest. */
export class FleetBudget {
  private readonly pool;
  private readonly budget;

  constructor(url: string) {
    this.pool = createPool({ url, applicationName: 'tidemark-cli', maxConnections: 1, onIdleError: () => undefined });
    this.budget = new CallBudget(this.pool);
  }

  /** See {@link CallBudget.take}. @throws Error when no database with a Tidemark in it is reached. */
  take(request: CallRequest): Promise<BudgetAnswer> {
    return this.budget.take(request);
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
