import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/processes.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { TestSystem } from '../support/test-system.js';
import { bringAbout, costOf, missingSlots, type Fault, type FaultKind, type MissingSlot } from './fault-log.js';

/** How long each process stays dead, in milliseconds. */
const DEAD_FOR_MS = 10_000;

/** Grace of a 1-s slot, and the pause that the closer keeps after the database was away, in milliseconds. */
const SETTLE_MS = 18_000;

const stores = redisServerName() === undefined ? (['postgres'] as const) : (['redis', 'postgres'] as const);
if (stores.length === 1)
  process.stderr.write('No redis-server on the PATH: the fault tests "with the queue on redis" do NOT run.\n');

describe.each(stores)('killed in turn for 10 s each at 1-s sampling, with the queue on %s', (store) => {
  let postgres: PostgresProcess;
  let redis: RedisProcess | undefined;
  let system: TestSystem;
  const faults: Fault[] = [];
  let missing: MissingSlot[] = [];

  beforeAll(async () => {
    postgres = await PostgresProcess.start();
    redis = store === 'redis' ? await RedisProcess.start() : undefined;
    system = await TestSystem.prepare({
      databaseUrl: postgres.url,
      queueUrl: redis?.url,
      intervalSeconds: 1,
      seed: `kills ${Date.now()}`,
    });
    await system.start('scheduler');
    await system.start('worker');
    for (const kind of faultKinds()) faults.push(await bringAbout(system, kind));
    await sleep(SETTLE_MS);
    const settledTo = await eventually('every slot before now to be settled', 30_000, settled);
    missing = await missingSlots(system, settledTo);
  });

  afterAll(async () => {
    await system?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  function faultKinds(): FaultKind[] {
    const kill = (app: 'worker' | 'scheduler', reasons: string[]): FaultKind => ({
      name: app,
      reasons,
      lastsMs: DEAD_FOR_MS,
      begin: () => system.end(app, 'SIGKILL'),
      end: async () => void (await system.start(app)),
    });
    const kinds = [
      kill('worker', ['not_taken', 'lost', 'late']),
      kill('scheduler', ['not_planned', 'not_enqueued']),
      {
        name: 'postgres',
        reasons: ['database_unavailable', 'not_planned', 'lost', 'late', 'not_taken', 'not_enqueued'],
        lastsMs: DEAD_FOR_MS,
        begin: async () => postgres.kill(),
        end: () => postgres.restart(),
      },
    ];
    const server = redis;
    if (server === undefined) return kinds;
    const queueReasons = ['not_enqueued', 'not_taken', 'late', 'lost', 'not_planned'];
    return [
      ...kinds,
      {
        name: 'redis',
        reasons: queueReasons,
        lastsMs: DEAD_FOR_MS,
        begin: () => server.kill(),
        end: () => server.start(),
      },
      {
        name: 'redis flushed',
        reasons: queueReasons,
        lastsMs: 0,
        begin: () => server.flush(),
        end: async () => undefined,
      },
    ];
  }

  /** The slot up to which nothing is unfinished; undefined while there is. */
  async function settled(): Promise<number | undefined> {
    const now = Math.floor(Date.now() / 1000);
    const open = await system.pool.query(
      `SELECT 1 FROM fetches WHERE status IN ('planned', 'queued', 'running', 'retry') AND slot < $1 LIMIT 1`,
      [now - 12],
    );
    return open.rowCount === 0 ? now - 12 : undefined;
  }

  it('brought about every fault', () => {
    expect(faults.map((fault) => fault.name)).toEqual(faultKinds().map((kind) => kind.name));
  });

  it('misses at most the fault and two slots, for each ticker', () => {
    for (const fault of faults) {
      const allowed = Math.ceil((fault.toMs - fault.fromMs) / 1000) + 2;
      for (const ticker of ['btc_usd', 'eth_usd']) {
        const cost = costOf(fault, missing).filter((slot) => slot.ticker === ticker);
        process.stderr.write(`${store}: ${fault.name} cost ${ticker} ${cost.length} of at most ${allowed} slots\n`);
        expect({ fault: fault.name, ticker, tooMany: cost.length > allowed ? cost : [] }).toEqual({
          fault: fault.name,
          ticker,
          tooMany: [],
        });
      }
    }
  });

  it('misses no slot that no fault accounts for', () => {
    const accounted = new Set(faults.flatMap((fault) => costOf(fault, missing)));
    expect(missing.filter((slot) => !accounted.has(slot))).toEqual([]);
  });

  it('records for every missing slot a reason that fits its fault', () => {
    for (const fault of faults) {
      const unfit = costOf(fault, missing).filter(
        ({ reasons }) => reasons.length !== 1 || !reasons.every((reason) => fault.reasons.includes(reason)),
      );
      expect({ fault: fault.name, unfit }).toEqual({ fault: fault.name, unfit: [] });
    }
  });

  it('samples again within one interval of the end of each fault', () => {
    for (const fault of faults) {
      // A process that was started anew needs its own time to boot, which counts as the fault.
      const boots = fault.name === 'worker' || fault.name === 'scheduler' ? 5 : 1;
      expect({ fault: fault.name, late: fault.firstSlotAfter - Math.ceil(fault.toMs / 1000) > boots }).toEqual({
        fault: fault.name,
        late: false,
      });
    }
  });

  it('has every acknowledged sample in the table, exactly as acknowledged', async () => {
    const acknowledged = system
      .lines('worker')
      .filter((line) => line.event === 'sample_stored' && line.outcome === 'accepted');
    expect(acknowledged.length).toBeGreaterThan(20);
    const found = await system.pool.query<{ lost: string[] }>(
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
    const counters = (await (await fetch(`${system.simulatorUrl}/simulator/counters`)).json()) as {
      sources: { deribit: { calls: number } };
    };
    const counted = await system.pool.query<{ attempts: number }>(
      `SELECT sum(attempts)::float8 AS attempts FROM fetches`,
    );
    expect(counters.sources.deribit.calls).toBeLessThanOrEqual(counted.rows[0]?.attempts ?? 0);
  });

  it('passes verify', () => {
    const result = system.verify();
    process.stderr.write(result.stdout);
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
  });
});
