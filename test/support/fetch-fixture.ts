import './one-realm-of-errors.js';
import { slotAt } from '@app/domain';
import type { FetchJob } from '@app/queue';
import { parserVersionOf, SourceClient, SourceError, sourceById, SOURCES } from '@app/sources';
import {
  AttemptRepository,
  createPool,
  DriftRepository,
  FetchRepository,
  PayloadRepository,
  RefusedSymbolRepository,
  SampleRepository,
  SourceStateRepository,
  type Pool,
} from '@app/storage';
import { FetchPricesJob } from '../../apps/worker/src/jobs/fetch-prices/fetch-prices.job.js';
import { Provenance } from '../../apps/worker/src/jobs/fetch-prices/provenance.js';
import type { SourceBudget } from '../../apps/worker/src/source-budget.js';
import { startAnswerServer, type AnswerServer } from '../../libs/sources/src/testing/answer-server.contract.js';
import { catalogueTickers, type AskedTicker } from '../builders/catalogued-ticker.js';
import { planFetches } from '../builders/planned-fetch.js';
import { createLogBook, type LogBook } from './log-lines.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** A call that would wait longer than this fails its test, as it would if it waited on the real clock: a test may take 30 s. */
const MOST_WAIT_MS = 30_000;

/** The job that fetches prices, between a real database and a real HTTP server, with a clock that a test may set. */
export class FetchFixture {
  readonly log: LogBook = createLogBook();
  readonly job: FetchPricesJob;
  readonly provenance: Provenance;
  /** What the job draws, from 0 to 1. */
  random: () => number = Math.random;
  private readonly pool: Pool;
  private readonly client: SourceClient;
  private offsetMs = 0;
  private isNextHanging = false;
  private heldAtMs: number | undefined;

  private constructor(
    readonly database: TestDatabase,
    readonly source: AnswerServer,
    poolUrl: string,
    budget: SourceBudget | undefined,
  ) {
    const now = (): number => this.now();
    this.pool = createPool({
      url: poolUrl,
      applicationName: 'tidemark-fixture',
      maxConnections: 4,
      onIdleError: () => undefined,
    });
    this.client = new SourceClient({
      access: Object.fromEntries(SOURCES.map(({ name }) => [name, { baseUrl: source.url }])),
      now,
    });
    const fetch = this.client.fetch.bind(this.client);
    this.client.fetch = (asked, tickers, options) =>
      this.waiting(options.timeoutMs, (timeoutMs) => fetch(asked, tickers, { ...options, timeoutMs }));
    this.provenance = new Provenance({
      payloads: new PayloadRepository(this.pool),
      attempts: new AttemptRepository(this.pool),
      drifts: new DriftRepository(this.pool),
      logger: this.log.logger,
      now,
      limits: { retentionDays: 30, maxBytesPerDay: 2 ** 28 },
      secrets: [],
      parserVersionOf,
    });
    this.job = new FetchPricesJob({
      fetches: new FetchRepository(this.pool),
      samples: new SampleRepository(this.pool),
      states: new SourceStateRepository(this.pool),
      symbols: new RefusedSymbolRepository(this.pool),
      budget,
      client: this.client,
      judging: { stablecoinsAtPar: false },
      provenance: this.provenance,
      logger: this.log.logger,
      now,
      random: () => this.random(),
    });
  }

  /**
   * @param way leads the job to its database by another way, e.g. through a proxy.
   * @param budget what limits and months allow; default: anything.
   */
  static async start(
    way: (databaseUrl: string) => Promise<string> = async (url) => url,
    budget?: SourceBudget,
  ): Promise<FetchFixture> {
    const database = await createTestDatabase();
    return new FetchFixture(database, await startAnswerServer(), await way(database.url), budget);
  }

  /** The job's clock, milliseconds since 1970. */
  now(): number {
    return this.heldAtMs ?? Date.now() + this.offsetMs;
  }

  /** Sets the job's clock; it goes on from there. */
  setClock(nowMs: number): void {
    this.heldAtMs = undefined;
    this.offsetMs = nowMs - Date.now();
  }

  /** Sets the job's clock, which stands still until it is set again: for what a busy machine's time would blur. */
  holdClock(nowMs: number): void {
    this.heldAtMs = nowMs;
  }

  /** From here on the source answers nothing. What the next call waits for it passes on the job's clock, and hardly on the real one. */
  hang(): void {
    this.isNextHanging = true;
    this.source.answerWith(() => undefined);
  }

  private async waiting<T>(timeoutMs: number, call: (timeoutMs: number) => Promise<T>): Promise<T> {
    if (this.isNextHanging && timeoutMs > MOST_WAIT_MS) throw new Error(`a call would wait for ${timeoutMs} ms`);
    const realMs = this.isNextHanging ? timeoutMs / 16 : timeoutMs;
    this.isNextHanging = false;
    try {
      return await call(realMs);
    } catch (error) {
      if (error instanceof SourceError && error.kind === 'timeout') this.offsetMs += timeoutMs - realMs;
      throw error;
    }
  }

  /** A slot of its own for a test: catalogued, planned, in the queue; the clock stands a tenth of a second into it. */
  async slot(
    intervalSeconds: number,
    ...tickers: readonly Omit<AskedTicker, 'fromSlot' | 'intervalSeconds'>[]
  ): Promise<FetchJob> {
    const slot = slotAt(Date.now(), 3_600);
    const asked = tickers.length === 0 ? [{ ticker: 'btc_usd' }] : tickers;
    await catalogueTickers(
      this.database.url,
      ...asked.map((ticker) => ({ ...ticker, fromSlot: slot, intervalSeconds })),
    );
    const [key] = await planFetches(this.database.pool, slot);
    if (key === undefined) throw new Error('nothing was planned');
    this.setClock(slot * 1000 + 100);
    return key;
  }

  /** Runs the job as a worker would. */
  async run(key: FetchJob, { isTakenOver = false, signal = new AbortController().signal } = {}): Promise<void> {
    const source = sourceById(key.sourceId);
    if (source === undefined) throw new Error(`no source ${key.sourceId}`);
    await this.job.run(source, key, { isTakenOver, signal });
  }

  /** Puts a fetch into the state in which a worker that was killed leaves it. */
  async abandon(
    key: FetchJob,
    { attempts = 1, leaseEndsMs }: { attempts?: number; leaseEndsMs: number },
  ): Promise<void> {
    await this.database.pool.query(
      `UPDATE fetches SET status = 'running', attempts = $4, lease_until = to_timestamp($5::float8 / 1000)
       WHERE source_id = $1 AND batch = $2 AND slot = $3`,
      [key.sourceId, key.batch, key.slot, attempts, leaseEndsMs],
    );
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.source.close();
    await this.provenance.onApplicationShutdown();
    await this.pool.end();
    await this.database.drop();
  }
}

/** What Deribit answers for a price. */
export function deribitBody(price: string): string {
  return `{"jsonrpc":"2.0","result":{"estimated_delivery_price":${price},"index_price":${price}},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}`;
}
