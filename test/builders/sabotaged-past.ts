import pg from 'pg';
import type { Finding, Horizon, ExpectedPricesOf } from '@app/storage';
// Not for the apps, and so not in the index of the library.
import type { Snapshot } from '../../libs/storage/src/verify/finding.js';
import { prepareSnapshot } from '../../libs/storage/src/verify/snapshot.js';
import { findAll } from '../../libs/storage/src/verify/verify-database.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { LAST_SECOND, SimulatedPast, expectedPricesOfPast } from './simulated-past.js';

/** The past as a running system would judge it ten seconds after its last second. */
export const HORIZON: Horizon = {
  nowSeconds: LAST_SECOND,
  judgedUntilSeconds: LAST_SECOND - 10,
  endSlot: LAST_SECOND + 7,
  isRunning: true,
};

/** Living through a past is work and no waiting: seconds, and a minute where many others work too. In milliseconds. */
export const LIVING_LIMIT_MS = 120_000;

/** A place in which an invariant must be found broken. */
export interface ExpectedProblem {
  readonly invariant: string;
  readonly problem: string;
  readonly ticker: string;
  readonly slot: number | null;
}

/** A healthy past that can be damaged again and again: every damage is undone when its findings are there. */
export class SabotagedPast {
  private constructor(
    readonly database: TestDatabase,
    private readonly client: pg.Client,
  ) {}

  /** Lives through the past and opens it for sabotage. */
  static async open(
    live: (database: TestDatabase) => Promise<void> = (database) => new SimulatedPast(database).live(),
  ): Promise<SabotagedPast> {
    const database = await createTestDatabase();
    await live(database);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return new SabotagedPast(database, client);
  }

  /** What is found after the given statements; without any: in the healthy database. */
  async findingsAfter(
    statements: readonly string[],
    horizon = HORIZON,
    expectedPricesOf: ExpectedPricesOf = expectedPricesOfPast,
  ): Promise<Finding[]> {
    return this.after(statements, (snapshot) => findAll(snapshot, horizon, expectedPricesOf));
  }

  /** Runs a check of one's own after the given statements. */
  async after<T>(statements: readonly string[], check: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    await this.client.query('BEGIN');
    try {
      for (const statement of statements) await this.client.query(statement);
      await prepareSnapshot(this.client);
      return await check(this.client);
    } finally {
      await this.client.query('ROLLBACK');
    }
  }

  async close(): Promise<void> {
    await this.client.end();
    await this.database.drop();
  }
}

/** Every place that the findings name, for `toContainEqual`. */
export function placesOf(findings: readonly Finding[]): ExpectedProblem[] {
  return findings.flatMap(({ invariant, problems }) =>
    problems.flatMap(({ problem, examples }) =>
      examples.map(({ ticker, slot }) => ({ invariant, problem, ticker, slot })),
    ),
  );
}

/** Names of the invariants that were found broken. */
export function brokenIn(findings: readonly Finding[]): string[] {
  return findings.filter(({ status }) => status === 'broken').map(({ invariant }) => invariant);
}

/** SQL condition: the rows of a ticker in a slot. */
export function at(ticker: string, slot: number): string {
  return `ticker_id = (SELECT id FROM tickers WHERE ticker = '${ticker}') AND slot = ${slot}`;
}
