import './support/one-realm-of-errors.js';
import { CloseRepository, type Sample } from '@app/storage';
import { register } from '@prometheus-io/client';
import fc from 'fast-check';
import { reportDecisions } from '../apps/scheduler/src/planning/report-decisions.js';
import { closeSlots } from '../apps/scheduler/src/tasks/close-slots.task.js';
import { countStoredSamples } from '../apps/worker/src/jobs/fetch-prices/count-stored-samples.js';
import { makeSources, ReportedSlots } from './builders/reported-slots.js';
import {
  accepted,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from './builders/stored-schedules.js';
import { createLogBook } from './support/log-lines.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

/** What a source does in a slot: it reports a price of so many times the market, fails, never reports, or does so after the slot was closed. */
type Deed = number | 'fails' | 'silent' | 'late' | 'twice';

const deeds = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.99, max: 1.01, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: 1.2, max: 1.6, noNaN: true }) },
  { weight: 3, arbitrary: fc.constantFrom<Deed>('fails', 'silent', 'late', 'twice') },
);
const slotsOfDeeds = fc.array(fc.record({ 1: deeds, 2: deeds, 3: deeds, rate: deeds }), { minLength: 4, maxLength: 9 });

describe('the counters of samples', () => {
  let database: TestDatabase;
  let reported: ReportedSlots;
  let nowSeconds = NOON;
  let names: Map<number, string>;
  let tickers: { btc: number; usdt: number };

  beforeAll(async () => {
    database = await createTestDatabase();
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
    const { rows } = await database.pool.query<{ id: number; name: string }>('SELECT id, name FROM sources');
    names = new Map(rows.map(({ id, name }) => [id, name]));
  });
  afterAll(() => database.drop());

  async function report(tickerId: number, sourceId: number, slot: number, sample: Sample): Promise<void> {
    const batch = `batch-${tickerId}`;
    const outcome = await reported.report({ tickerId, sourceId, slot, batch, nowSeconds: nowSeconds }, sample);
    const key = { source: names.get(sourceId) ?? '', sourceId, batch, slot };
    countStoredSamples({ key, samples: [sample], outcome });
  }

  async function act(tickerId: number, sourceId: number, slot: number, deed: Deed): Promise<void> {
    const market = tickerId === tickers.usdt ? 1 : 3_017.42;
    const price = (market * (typeof deed === 'number' ? deed : 1)).toFixed(4);
    // Source 3 quotes in USDT: its price waits for the rate, or finds it.
    const isConverted = sourceId === 3 && tickerId === tickers.btc;
    const sample: Sample = isConverted
      ? { tickerId, outcome: 'rejected', reason: 'no_conversion_rate', raw: price, rateTicker: 'usdt_usd' }
      : accepted(tickerId, price);
    if (deed === 'silent' || deed === 'late') return;
    if (deed === 'fails') return report(tickerId, sourceId, slot, { tickerId, outcome: 'failed', reason: 'timeout' });
    await report(tickerId, sourceId, slot, sample);
    // Another worker had taken it over, and its answer differs.
    if (deed === 'twice')
      await reported.report({ tickerId, sourceId, slot, batch: `batch-${tickerId}` }, accepted(tickerId, '1.5'));
  }

  it('count every sample once, and with those that were revised they say what stands in the table', async () => {
    const log = createLogBook();
    const closer = new CloseRepository(database.pool, (decisions) => reportDecisions(log.logger, decisions));
    await fc.assert(
      fc.asyncProperty(slotsOfDeeds, async (slots) => {
        await forgetEverything(database.pool);
        register.resetMetrics();
        const sources = [1, 2, 3];
        const made = await insertSchedule(database.pool, {
          ticker: 'btc_usd',
          sources: sources.map((sourceId) => ({ sourceId, ...(sourceId === 3 ? { quotedIn: 'usdt' } : {}) })),
        });
        const rate = await insertSchedule(database.pool, { ticker: 'usdt_usd', sources: [{ sourceId: 3 }] });
        tickers = { btc: made.tickerId, usdt: rate.tickerId };
        await database.pool.query(
          `UPDATE ticker_sources ts SET batch = 'batch-' || s.ticker_id FROM schedules s WHERE s.id = ts.schedule_id`,
        );
        const all = sources.map((sourceId) => [tickers.btc, sourceId] as const).concat([[tickers.usdt, 3]]);
        for (const [index, deedsOfSlot] of slots.entries()) {
          const slot = NOON + index * 60;
          nowSeconds = slot + 3;
          for (const [tickerId, sourceId] of all)
            await insertFetch(database.pool, {
              sourceId,
              batch: `batch-${tickerId}`,
              slot,
              status: 'running',
              attempts: 1,
            });
          const deedOf = (tickerId: number, sourceId: number): Deed =>
            tickerId === tickers.usdt ? deedsOfSlot.rate : deedsOfSlot[sourceId as 1 | 2 | 3];
          for (const [tickerId, sourceId] of all) await act(tickerId, sourceId, slot, deedOf(tickerId, sourceId));
          nowSeconds = slot + 16;
          await closer.decideExpired(nowSeconds, 100);
          nowSeconds = slot + 40;
          await closeAll(closer, log);
          for (const [tickerId, sourceId] of all)
            if (deedOf(tickerId, sourceId) === 'late') await act(tickerId, sourceId, slot, 1);
        }
        const { rows } = await database.pool.query<{ key: string; count: number }>(
          `SELECT src.name || ' ' || outcome || ' ' || coalesce(reason, '') AS key, count(*)::int AS count
           FROM samples s JOIN sources src ON src.id = s.source_id GROUP BY 1`,
        );
        const { stored, standing } = await counted();
        expect(stored).toBe(rows.reduce((sum, { count }) => sum + count, 0));
        expect(standing).toEqual(new Map(rows.map(({ key, count }) => [key, count])));
      }),
      { numRuns: 6 },
    );
  });

  async function closeAll(closer: CloseRepository, log: ReturnType<typeof createLogBook>): Promise<void> {
    let atMs = (nowSeconds - 10) * 1000;
    const task = closeSlots({
      closer,
      queues: { remove: async () => undefined } as never,
      clock: { whyUntrue: () => undefined } as never,
      logger: log.logger,
      now: () => atMs,
    });
    atMs = nowSeconds * 1000;
    await task.run(new AbortController().signal);
  }
});

/** What the metrics say: how many samples were stored, and how many stand as what. */
async function counted(): Promise<{ readonly stored: number; readonly standing: Map<string, number> }> {
  const standing = new Map<string, number>();
  const add = (key: string, by: number): void => {
    standing.set(key, (standing.get(key) ?? 0) + by);
    if (standing.get(key) === 0) standing.delete(key);
  };
  const valuesOf = async (name: string) => (await register.getSingleMetric(name)?.get())?.values ?? [];
  let stored = 0;
  for (const { labels, value } of await valuesOf('tidemark_samples_total')) {
    stored += value;
    add(`${labels['source']} ${labels['outcome']} ${labels['reason']}`, value);
  }
  for (const { labels, value } of await valuesOf('tidemark_revised_samples_total')) {
    add(`${labels['source']} ${labels['outcome']} ${labels['reason']}`, value);
    add(`${labels['source']} ${outcomeOf(String(labels['was']))}`, -value);
  }
  return { stored, standing };
}

/** The outcome that a reason of these tests belongs to, and the reason. */
function outcomeOf(was: string): string {
  if (was === 'accepted') return 'accepted ';
  if (was === 'timeout') return `failed ${was}`;
  return ['jump', 'no_conversion_rate'].includes(was) ? `rejected ${was}` : `missed ${was}`;
}
