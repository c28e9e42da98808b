import { slotAt, type ScheduledSource } from '@app/domain';
import {
  CatalogueRepository,
  CloseRepository,
  createDataSource,
  ensurePartitions,
  FetchRepository,
  HistoryRepository,
  PlanRepository,
  recordSimulation,
  SampleRepository,
  type PlannedFetch,
  type Sample,
  type ExpectedPricesOf,
} from '@app/storage';
import { planSlots } from '../../apps/scheduler/src/planning/plan-slots.js';
import type { TestDatabase } from '../support/test-database.js';

/** A first of March, 00:00 UTC: the past of the test lies on both sides of a month. Every time below counts from here. */
export const MIDNIGHT = Date.UTC(2025, 2, 1) / 1000;

/** When the first schedules begin. */
export const FIRST_SLOT = MIDNIGHT - 100;
/** Nobody plans from here on... */
export const OFF_FROM = MIDNIGHT + 22;
/** ...until here. */
export const OFF_TO = MIDNIGHT + 41;
/** The last second that was lived through. */
export const LAST_SECOND = MIDNIGHT + 120;

const DERIBIT = 1;
const COINGECKO = 2;
const NAMES: Readonly<Record<string, string>> = { btc_usd: 'bitcoin', eth_usd: 'ethereum', sol_usd: 'solana' };

/** What becomes of a fetch: answered, unless it is told otherwise. */
type Fate = 'answered' | 'failed' | 'not_taken' | 'rejected' | 'absent' | 'stored_late';

/** Fates by `source batch seconds-from-midnight`. */
const FATES: Readonly<Record<string, Fate>> = {
  '1 btc_usd -50': 'failed',
  '2 coins -50': 'failed',
  '1 eth_usd -45': 'not_taken',
  '1 eth_usd -40': 'rejected',
  '2 coins -30': 'absent',
  '1 btc_usd -20': 'stored_late',
  '1 eth_usd -15': 'failed',
};

/** The price that the stand-in for the simulator gave at a second: another one for every seed, source, name and second. */
export function trueText(seed: string, source: string, name: string, second: number): string {
  const base = (source === 'deribit' ? 80_000 : 81_000) + name.length * 1_000 + (seed === 'second' ? 0.5 : 0);
  return (base + (second - MIDNIGHT) * 0.25).toFixed(3);
}

/** Answers as the simulator would. */
export const expectedPricesOfPast: ExpectedPricesOf = (questions) =>
  Promise.resolve(
    questions.map(({ simulation, source, name, fromSecond, toSecond }) =>
      Array.from({ length: toSecond - fromSecond + 1 }, (_, index) =>
        trueText(simulation.seed, source, name, fromSecond + index),
      ),
    ),
  );

/** Lives through a range of the past by the repositories of the running system, second by second. */
export class SimulatedPast {
  private readonly plans: PlanRepository;
  private readonly fetches: FetchRepository;
  private readonly samples: SampleRepository;
  private readonly closing: CloseRepository;
  private readonly storedLate: (() => Promise<unknown>)[] = [];

  constructor(private readonly database: TestDatabase) {
    this.plans = new PlanRepository(database.pool);
    this.fetches = new FetchRepository(database.pool);
    this.samples = new SampleRepository(database.pool);
    this.closing = new CloseRepository(database.pool);
  }

  /**
   * A healthy past with everything in it: a history, three tickers (one disabled later), two sources, a batch, a changed
   * interval, another seed, a range that nobody planned, and every way in which a fetch can end.
   */
  async live(): Promise<void> {
    const { pool, url } = this.database;
    const client = await pool.connect();
    await ensurePartitions(client, MIDNIGHT - 86_400, MIDNIGHT + 86_400);
    client.release();
    await recordSimulation(pool, { since: FIRST_SLOT - 8_000, seed: 'first', history: null });
    await recordSimulation(pool, { since: MIDNIGHT + 60, seed: 'second', history: null });
    const dataSource = await createDataSource(url, 'tidemark-test').initialize();
    const catalogue = new CatalogueRepository(dataSource);
    try {
      for (const ticker of ['btc_usd', 'eth_usd', 'sol_usd']) {
        await catalogue.put(configurationOf(ticker, 5), (FIRST_SLOT - 3) * 1000);
      }
      await this.insertHistory();
      await this.pass(FIRST_SLOT, MIDNIGHT + 10);
      await catalogue.disable('sol_usd', (MIDNIGHT + 10) * 1000);
      await this.pass(MIDNIGHT + 10, OFF_FROM);
      await this.pass(OFF_TO, MIDNIGHT + 60);
      await catalogue.put(configurationOf('btc_usd', 7), (MIDNIGHT + 60) * 1000);
      await this.pass(MIDNIGHT + 60, LAST_SECOND);
    } finally {
      await dataSource.destroy();
    }
  }

  /** Plans, fetches, stores and closes in every second from `from` to `to` (exclusive). */
  async pass(from: number, to: number): Promise<void> {
    for (let second = from; second < to; second += 1) {
      if (second % 20 === 0) for (const store of this.storedLate.splice(0)) await store();
      const { plan } = await this.plans.planDue(second, (due) => planSlots(due, { nowSeconds: second }));
      await this.plans.markEnqueued(plan.fetches, second * 1000);
      for (const fetch of plan.fetches) await this.make(fetch, second);
      await this.closing.decideExpired(second, 100);
      await this.closing.closeOverdue(second, 100);
    }
  }

  private async make(fetch: PlannedFetch, second: number): Promise<void> {
    const fate = FATES[`${fetch.sourceId} ${fetch.batch} ${fetch.slot - MIDNIGHT}`] ?? 'answered';
    if (fate === 'not_taken') return;
    const requestedMs = Math.max(fetch.slot, second) * 1000 + 200;
    const claim = await this.fetches.claim(fetch, { nowMs: requestedMs, leaseMs: 3_000, takeOver: false });
    if (claim.kind !== 'claimed') throw new Error(`${fetch.batch} ${fetch.slot} is ${claim.kind}`);
    const [requestedAt, receivedAt] = [new Date(requestedMs), new Date(requestedMs + 250)];
    const source = fetch.sourceId === DERIBIT ? 'deribit' : 'coingecko';
    const seed = requestedMs < (MIDNIGHT + 60) * 1000 ? 'first' : 'second';
    const samples = claim.members.map(({ tickerId, sourceSymbol }, index): Sample => {
      const price = trueText(seed, source, sourceSymbol, Math.floor(requestedMs / 1000));
      if (fate === 'failed') return { tickerId, outcome: 'failed', reason: 'timeout' };
      if (fate === 'rejected') return { tickerId, outcome: 'rejected', reason: 'absurd', raw: '1e300' };
      if (fate === 'absent' && index === 0) return { tickerId, outcome: 'failed', reason: 'absent' };
      return { tickerId, outcome: 'accepted', price, raw: price };
    });
    const status = fate === 'failed' ? 'failed' : 'answered';
    const store = (): Promise<unknown> =>
      this.samples.store(fetch, samples, { status, requestedAt, receivedAt }, Math.floor(requestedMs / 1000));
    if (fate === 'stored_late') this.storedLate.push(store);
    else await store();
  }

  private async insertHistory(): Promise<void> {
    const histories = new HistoryRepository(this.database.pool);
    for (const { ticker, fromSlot, sourceId, sourceSymbol } of await histories.withoutHistory()) {
      const first = slotAt((fromSlot - 7_200) * 1000, 60);
      const count = Math.ceil((fromSlot - first) / 60);
      const points = Array.from({ length: count }, (_, index): [number, string] => {
        const slot = first + index * 60;
        return [slot, trueText('first', sourceId === DERIBIT ? 'deribit' : 'coingecko', sourceSymbol, slot)];
      });
      await histories.insert({
        ticker,
        sourceId,
        intervalSeconds: 60,
        receivedAt: new Date((fromSlot - 1) * 1000),
        points,
      });
    }
  }
}

function configurationOf(ticker: string, intervalSeconds: number) {
  const name = NAMES[ticker] ?? ticker;
  const sources: ScheduledSource[] = [
    { sourceId: DERIBIT, position: 0, sourceSymbol: ticker, batch: ticker, intervalSeconds },
    {
      sourceId: COINGECKO,
      position: 1,
      sourceSymbol: name,
      batch: intervalSeconds === 5 ? 'coins' : ticker,
      intervalSeconds: intervalSeconds * 2,
    },
  ];
  return { ticker, intervalSeconds, rule: 'priority' as const, sources };
}
