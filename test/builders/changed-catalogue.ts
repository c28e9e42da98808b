import {
  CatalogueRepository,
  createDataSource,
  PlanRepository,
  type ChangeOutcome,
  type TickerConfiguration,
} from '@app/storage';
import type { DataSource } from 'typeorm';
import { planSlots } from '../../apps/scheduler/src/planning/plan-slots.js';
import type { TestDatabase } from '../support/test-database.js';
import { DERIBIT, makePartitionsOfTests, NOON } from './stored-schedules.js';

/** A version of a ticker's schedule; its slots in seconds after {@link NOON}. */
export interface Version {
  readonly from: number;
  readonly to: number | null;
  readonly interval: number;
}

/** `btc_usd` from Deribit alone, but for what a test changes. */
export function planOf(intervalSeconds: number, change: Partial<TickerConfiguration> = {}): TickerConfiguration {
  const source = { sourceId: DERIBIT, position: 0, sourceSymbol: 'btc_usd', batch: 'btc_usd', intervalSeconds };
  return { ticker: 'btc_usd', intervalSeconds, rule: 'priority', sources: [source], ...change };
}

/** A catalogue that is changed and planned from, at seconds after {@link NOON} (a fraction is allowed). */
export class ChangedCatalogue {
  readonly repository: CatalogueRepository;
  private readonly plans: PlanRepository;

  private constructor(
    private readonly database: TestDatabase,
    private readonly dataSource: DataSource,
  ) {
    this.repository = new CatalogueRepository(dataSource);
    this.plans = new PlanRepository(database.pool);
  }

  static async of(database: TestDatabase): Promise<ChangedCatalogue> {
    await makePartitionsOfTests(database.pool);
    return new ChangedCatalogue(database, await createDataSource(database.url, 'tidemark-test').initialize());
  }

  put(intervalSeconds: number, atSecond: number, change: Partial<TickerConfiguration> = {}): Promise<ChangeOutcome> {
    return this.repository.put(planOf(intervalSeconds, change), (NOON + atSecond) * 1000);
  }

  disable(atSecond: number): Promise<boolean> {
    return this.repository.disable('btc_usd', (NOON + atSecond) * 1000);
  }

  async planAt(second: number): Promise<void> {
    await this.plans.planDue(NOON + second, (due) => planSlots(due, { nowSeconds: NOON + second }));
  }

  async versions(): Promise<Version[]> {
    const { rows } = await this.database.pool.query<Version>(
      `SELECT from_slot - ${NOON} AS "from", to_slot - ${NOON} AS "to", interval_seconds AS interval FROM schedules ORDER BY from_slot`,
    );
    return rows;
  }

  /** Slots of the planned fetches. */
  async fetched(): Promise<number[]> {
    const { rows } = await this.database.pool.query<{ slot: number }>(
      `SELECT slot - ${NOON} AS slot FROM fetches ORDER BY slot`,
    );
    return rows.map(({ slot }) => slot);
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}
