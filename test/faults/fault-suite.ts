import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/processes.js';
import type { TestSystem } from '../support/test-system.js';
import { bringAbout, costOf, missingSlots, type Fault, type FaultKind, type MissingSlot } from './fault-log.js';

/** A system under test with the faults that it shall meet, and how to take it down. */
export interface FaultyWorld {
  readonly system: TestSystem;
  readonly kinds: readonly FaultKind[];
  readonly stop: () => Promise<void>;
}

/** Grace of a 1-s slot, and the pause that the closer keeps after the database was away, in milliseconds. */
const CLOSING_MS = 18_000;

/** Slots that a fault may cost beyond its own length: one that was in hand when it came, one until work goes on. */
const EXTRA_SLOTS = 2;

/**
 * Brings faults about one after the other on a system that samples every second, and holds it to what Tidemark promises:
 * what is missing is the fault's own length and no more, with a reason that fits, and everything acknowledged is there.
 */
export function describeFaults(build: () => Promise<FaultyWorld>): void {
  let world: FaultyWorld | undefined;
  let system: TestSystem;
  const faults: Fault[] = [];
  let missing: MissingSlot[] = [];

  beforeAll(async () => {
    world = await build();
    system = world.system;
    for (const kind of world.kinds) faults.push(await bringAbout(system, kind));
    await sleep(CLOSING_MS);
    missing = await missingSlots(system, await eventually('every slot to be closed', 30_000, decidedTo));
  });

  afterAll(async () => {
    await world?.stop();
  });

  /** The slot up to which nothing is unfinished; undefined while there is. */
  async function decidedTo(): Promise<number | undefined> {
    const slot = Math.floor(Date.now() / 1000) - 12;
    const open = await system.pool.query(
      `SELECT 1 FROM fetches WHERE status IN ('planned', 'queued', 'running', 'retry') AND slot < $1 LIMIT 1`,
      [slot],
    );
    return open.rowCount === 0 ? slot : undefined;
  }

  it('misses at most the fault and two slots, for each ticker', () => {
    const costs = faults.flatMap((fault) => {
      const allowed = Math.ceil((fault.toMs - fault.fromMs) / 1000) + EXTRA_SLOTS;
      return ['btc_usd', 'eth_usd'].map((ticker) => {
        const slots = costOf(fault, missing).filter((slot) => slot.ticker === ticker);
        return { fault: fault.name, ticker, slots, allowed };
      });
    });
    const lines = costs.map(
      ({ fault, ticker, slots, allowed }) => `  ${fault}: ${ticker} misses ${slots.length}, may miss ${allowed}`,
    );
    process.stderr.write(`${expect.getState().currentTestName}\n${lines.join('\n')}\n`);
    expect(costs.length).toBeGreaterThan(0);
    expect(costs.filter(({ slots, allowed }) => slots.length > allowed)).toEqual([]);
  });

  it('misses no slot that no fault accounts for', () => {
    const accounted = new Set(faults.flatMap((fault) => costOf(fault, missing)));
    expect(missing.filter((slot) => !accounted.has(slot))).toEqual([]);
  });

  it('records for every missing slot one reason, which fits its fault', () => {
    const unfit = faults.flatMap((fault) =>
      costOf(fault, missing)
        .filter(({ reasons }) => reasons.length !== 1 || !reasons.every((reason) => fault.reasons.includes(reason)))
        .map((slot) => ({ fault: fault.name, ...slot })),
    );
    for (const { slot } of unfit)
      process.stderr.write(`Said around slot ${slot}:\n${saidAround(system, slot).join('\n')}\n`);
    expect(unfit).toEqual([]);
  });

  it('samples again within one interval of the end of each fault', () => {
    const late = faults.filter((fault) => fault.firstSlotAfter - Math.ceil(fault.toMs / 1000) > fault.slotsToRecover);
    expect(late).toEqual([]);
  });

  it('has every acknowledged sample in the table, exactly as acknowledged', async () => {
    const acknowledged = system
      .lines('worker')
      .filter((line) => line.event === 'sample_stored' && line.outcome === 'accepted');
    expect(acknowledged.length).toBeGreaterThan(20);
    const found = await system.pool.query<{ lost: string[] | null }>(
      `SELECT array_agg(line.ticker || ' ' || line.slot) AS lost
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS line(ticker, slot, price)
       JOIN tickers t ON t.ticker = line.ticker
       LEFT JOIN samples s ON s.ticker_id = t.id AND s.slot = line.slot AND s.price::text = line.price
       WHERE s.slot IS NULL`,
      [
        acknowledged.map((line) => line.ticker),
        acknowledged.map((line) => line.slot),
        acknowledged.map((line) => line.price),
      ],
    );
    expect(found.rows[0]?.lost).toBeNull();
  });

  it('made no call that no fetch row counts', async () => {
    const called = await priceCalls(system.simulatorUrl);
    const counted = await system.pool.query<{ attempts: number }>(
      `SELECT sum(attempts)::float8 AS attempts FROM fetches`,
    );
    expect(called).toBeGreaterThan(20);
    expect(called).toBeLessThanOrEqual(counted.rows[0]?.attempts ?? 0);
  });

  it('passes verify', () => {
    const result = system.verify();
    process.stderr.write(result.stdout);
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
  });
}

/** What schedulers and worker logged within two seconds of a slot. */
function saidAround(system: TestSystem, slot: number): string[] {
  return system
    .lines('')
    .filter(({ time }) => typeof time === 'string' && Math.abs(Date.parse(time) / 1000 - slot) <= 2)
    .map((line) => JSON.stringify(line));
}

/** How often Deribit was asked for a price; schedulers ask it for its list of names as well. */
async function priceCalls(simulatorUrl: string | undefined): Promise<number> {
  let count = 0;
  for (let after: number | undefined = 0; after !== undefined;) {
    const answer = await fetch(`${simulatorUrl}/simulator/calls?source=deribit&limit=10000&after=${after}`);
    const page = (await answer.json()) as { calls: { endpoint: string }[]; next: number; dropped: number };
    expect(page.dropped).toBe(0);
    count += page.calls.filter(({ endpoint }) => endpoint === '/public/get_index_price').length;
    after = page.calls.length === 0 ? undefined : page.next;
  }
  return count;
}
