import { flagBits, type RuleOptions, type ScheduledSource } from '@app/domain';
import {
  CatalogueRepository,
  CloseRepository,
  createDataSource,
  ensurePartitions,
  FetchRepository,
  PlanRepository,
  recordSimulation,
  SampleRepository,
  type FetchMember,
  type PlannedFetch,
  type Sample,
  type TickerConfiguration,
  type ExpectedPricesOf,
} from '@app/storage';
import { planSlots } from '../../apps/scheduler/src/planning/plan-slots.js';
import type { TestDatabase } from '../support/test-database.js';
import { MIDNIGHT } from './simulated-past.js';
import { makeSources } from './reported-slots.js';

/** The last second that was lived through. */
export const LAST_BELIEVED_SECOND = MIDNIGHT + 90;

const INTERVAL_SECONDS = 5;

/** What a source says of a ticker in a slot, in seconds from midnight; `undefined` for any other slot. */
interface Scripted {
  readonly sourceId: number;
  readonly ticker: string;
  readonly usual: string;
  readonly at?: Readonly<Record<number, string>>;
}

/** `-` fails. Source 3 gives units of the base for one of the quote; source 5 quotes in dollars of Tether. */
const SCRIPT: readonly Scripted[] = [
  { sourceId: 1, ticker: 'usdt_usd', usual: '0.9990' },
  // Fails at 20, and is a quarter off at 35: the standby source serves both.
  { sourceId: 5, ticker: 'btc_usd', usual: '80000.5', at: { 20: '-', 35: '100000' } },
  { sourceId: 1, ticker: 'btc_usd', usual: '79900.250' },
  // At 10 one source is left, at 15 two that disagree, at 25 one of them jumps.
  { sourceId: 1, ticker: 'eth_usd', usual: '3000.10', at: { 10: '-' } },
  { sourceId: 2, ticker: 'eth_usd', usual: '3000.30', at: { 10: '-', 15: '-', 25: '4000' } },
  { sourceId: 3, ticker: 'eth_usd', usual: '0.00033330', at: { 10: '-', 15: '-' } },
  { sourceId: 4, ticker: 'eth_usd', usual: '3030', at: { 15: '3100' } },
];

/** Answers as the simulator would: with the text on the wire. */
export const expectedPricesOfBelievedPast: ExpectedPricesOf = (questions) =>
  Promise.resolve(
    questions.map(({ name, fromSecond, toSecond }) => {
      const said = SCRIPT.find(({ sourceId, ticker }) => name === `${ticker} of ${sourceId}`);
      return Array.from({ length: toSecond - fromSecond + 1 }, (_, index) => {
        const second = fromSecond + index - MIDNIGHT;
        const text = said?.at?.[second - (second % INTERVAL_SECONDS)];
        return (text === '-' ? undefined : text) ?? said?.usual ?? '';
      });
    }),
  );

/**
 * A healthy past of prices that had to be believed: converted, inverted, from a standby source, as a median with outliers, jumps and
 * refusals.
 */
export async function liveBelievedPast(database: TestDatabase): Promise<void> {
  await makeSources(database.pool);
  await recordSimulation(database.pool, { since: MIDNIGHT - 100, seed: 'believed', history: null });
  const client = await database.pool.connect();
  await ensurePartitions(client, MIDNIGHT - 86_400, MIDNIGHT + 86_400);
  client.release();
  const dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
  try {
    const catalogue = new CatalogueRepository(dataSource);
    for (const plan of PLANS) await catalogue.put(plan, (MIDNIGHT - 3) * 1000);
  } finally {
    await dataSource.destroy();
  }
  await new BelievedPast(database).pass();
}

function planOf(
  ticker: string,
  sources: readonly (Partial<ScheduledSource> & { readonly sourceId: number })[],
  more: { readonly rule?: TickerConfiguration['rule']; readonly ruleOptions?: RuleOptions } = {},
): TickerConfiguration {
  return {
    ticker,
    intervalSeconds: INTERVAL_SECONDS,
    rule: 'priority',
    ...more,
    sources: sources.map((source, position) => ({
      ...{
        position,
        sourceSymbol: `${ticker} of ${source.sourceId}`,
        batch: ticker,
        intervalSeconds: INTERVAL_SECONDS,
      },
      ...source,
    })),
  };
}

const PLANS: readonly TickerConfiguration[] = [
  planOf('btc_usd', [
    { sourceId: 5, quotedIn: 'usdt' },
    { sourceId: 1, standby: true },
  ]),
  planOf('eth_usd', [{ sourceId: 1 }, { sourceId: 2 }, { sourceId: 3 }, { sourceId: 4 }], {
    rule: 'median',
    ruleOptions: { median: { maximum_spread: 0.02 } },
  }),
  // Nobody else reports it, so that it is flagged as frozen in the end.
  planOf('usdt_usd', [{ sourceId: 1 }], { ruleOptions: { checks: { frozen_after_seconds: 50 } } }),
];

class BelievedPast {
  private readonly plans: PlanRepository;
  private readonly fetches: FetchRepository;
  private readonly samples: SampleRepository;
  private readonly closing: CloseRepository;

  constructor({ pool }: TestDatabase) {
    this.plans = new PlanRepository(pool);
    this.fetches = new FetchRepository(pool);
    this.samples = new SampleRepository(pool);
    this.closing = new CloseRepository(pool);
  }

  async pass(): Promise<void> {
    for (let second = MIDNIGHT; second < LAST_BELIEVED_SECOND; second += 1) {
      await this.plans.planDue(second, (due) => planSlots(due, { nowSeconds: second }));
      // A standby source that is called by a store is offered in the next round.
      for (let round = 0; round < 3; round += 1) {
        for (const fetch of await this.plans.enqueuable(second * 1000, 100)) await this.make(fetch, second);
      }
      await this.closing.decideExpired(second, 100);
      await this.closing.closeOverdue(second, 100);
    }
  }

  private async make(fetch: PlannedFetch, second: number): Promise<void> {
    const requestedMs = second * 1000 + 200;
    const claim = await this.fetches.claim(fetch, { nowMs: requestedMs, leaseMs: 3_000, takeOver: false });
    if (claim.kind !== 'claimed') throw new Error(`${fetch.batch} ${fetch.slot} is ${claim.kind}`);
    const samples = claim.members.map((member) => sampleOf(member, fetch));
    const [requestedAt, receivedAt] = [new Date(requestedMs), new Date(requestedMs + 150 + fetch.sourceId)];
    const status = samples.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'answered';
    await this.samples.store(fetch, samples, { status, requestedAt, receivedAt }, second);
  }
}

function sampleOf({ tickerId, ticker }: FetchMember, { sourceId, slot }: PlannedFetch): Sample {
  const said = SCRIPT.find((line) => line.sourceId === sourceId && line.ticker === ticker);
  const raw = said?.at?.[slot - MIDNIGHT] ?? said?.usual ?? '-';
  const flags = flagBits(['derived']);
  if (raw === '-') return { tickerId, outcome: 'failed', reason: 'timeout' };
  if (sourceId === 3) return { tickerId, outcome: 'accepted', raw, isInverted: true, price: '3000.30', flags };
  if (sourceId !== 5) return { tickerId, outcome: 'accepted', raw, price: raw };
  return { tickerId, outcome: 'rejected', reason: 'no_conversion_rate', raw, rateTicker: 'usdt_usd', flags };
}
