import type pg from 'pg';
import type { Sample, StoreOutcome } from '@app/storage';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { makeSources, ReportedSlots, type Report } from './reported-slots.js';
import {
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  type ScheduleDraft,
} from './stored-schedules.js';

/** What a source reports: a price that is accepted, or whatever else becomes of it. */
export type Reported = string | Omit<Sample, 'tickerId'>;

/** The slot so many minutes after noon. */
export const minute = (count: number): number => NOON + count * 60;

/** A database in which slots are decided, and the ticker that a test is about: the last one that is {@link sampled}. */
export class DecidedSlots {
  readonly reported: ReportedSlots;
  private newestTickerId = 0;

  private constructor(private readonly database: TestDatabase) {
    this.reported = new ReportedSlots(database.pool);
  }

  /** Makes the database, with its sources and the partitions around noon. */
  static async open(): Promise<DecidedSlots> {
    const database = await createTestDatabase();
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
    return new DecidedSlots(database);
  }

  get pool(): pg.Pool {
    return this.database.pool;
  }

  get tickerId(): number {
    return this.newestTickerId;
  }

  /** Before each test. */
  async forget(): Promise<void> {
    await forgetEverything(this.pool);
  }

  async close(): Promise<void> {
    await this.database.drop();
  }

  /**
   * A ticker is sampled from now on: `btc_usd` every minute, when nothing else is said.
   * @param sources in order of preference; a number: the sources 1, 2, 3... in this order.
   * @returns its id.
   */
  async sampled(
    sources: number | NonNullable<ScheduleDraft['sources']>,
    draft: Partial<ScheduleDraft> = {},
  ): Promise<number> {
    const those =
      typeof sources === 'number' ? Array.from({ length: sources }, (_, index) => ({ sourceId: index + 1 })) : sources;
    const { tickerId } = await insertSchedule(this.pool, { ticker: 'btc_usd', sources: those, ...draft });
    this.newestTickerId = tickerId;
    return tickerId;
  }

  /** A source reports something of the ticker; at noon, when nothing else is said. */
  async report(sourceId: number, given: Reported, more: Partial<Omit<Report, 'sourceId'>> = {}): Promise<StoreOutcome> {
    return this.reported.report({ tickerId: this.tickerId, sourceId, ...more }, given);
  }

  /** The sources 1, 2, 3... report in a slot, one after the other; undefined reports nothing. */
  async pass(slot: number, ...given: readonly (Reported | undefined)[]): Promise<void> {
    for (const [index, one] of given.entries()) if (one !== undefined) await this.report(index + 1, one, { slot });
  }
}
