import { createPool, type CreditAnswer, type CreditRequest, spendCredits } from '@app/storage';

/** The counts of the fleet. In a file of its own, because what leads to the database takes longer to load than all the rest. */
export class FleetCredits {
  private readonly pool;

  constructor(url: string) {
    this.pool = createPool({ url, applicationName: 'tidemark-cli', maxConnections: 1, onIdleError: () => undefined });
  }

  /** Counts a call before it is made. @throws Error when no database with a Tidemark in it is reached. */
  spend(request: CreditRequest): Promise<CreditAnswer> {
    return spendCredits(this.pool, request);
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
