import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeNextBuild, NEXT_VERSION } from './next-build/next-build.mjs';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Inside of the checkout, where the programs find their packages. */
const NEXT = path.join(ROOT, `.tidemark/next-build-${process.pid}`);

/** How long each arrangement of builds samples, in milliseconds. */
const STAGE_MS = 4_000;

describe('this build and the next one, with a migration in between', () => {
  let database: TestDatabase;
  let system: TestSystem;
  let firstSlot: number;
  let lastSlot: number;
  const answers: number[] = [];

  /** Asks an API for the latest price again and again until the work is done; every answer is noted. */
  async function whileAsking(url: string, work: () => Promise<unknown>): Promise<void> {
    const done = new AbortController();
    const asking = (async () => {
      while (!done.signal.aborted) {
        answers.push((await fetch(`${url}/prices/latest?ticker=btc_usd`)).status);
        await sleep(20);
      }
    })();
    await work();
    done.abort();
    await asking;
  }

  function nowSeconds(): number {
    return Math.floor(Date.now() / 1000);
  }

  async function isReady(url: string): Promise<void> {
    await eventually('a process to be ready', 20_000, async () =>
      (await fetch(`${url}/readyz`)).ok ? true : undefined,
    );
  }

  beforeAll(async () => {
    await mkdir(path.dirname(NEXT), { recursive: true });
    await makeNextBuild(path.join(ROOT, 'dist'), NEXT);
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, intervalSeconds: 1, otherBuild: NEXT });
    await system.start('scheduler');
    await system.start('worker');
    const api = await system.start('api');
    firstSlot = await system.priceFrom(nowSeconds());

    let nextApi = '';
    await whileAsking(api, async () => {
      system.migrate('other');
      // The builds of before go on alone on the new schema, then beside the next one.
      await sleep(STAGE_MS);
      await isReady(await system.startOther('scheduler', 'scheduler-next'));
      await isReady(await system.startOther('worker', 'worker-next'));
      nextApi = await system.startOther('api', 'api-next');
      await isReady(nextApi);
      await system.end('scheduler', 'SIGTERM');
      await system.end('worker', 'SIGTERM');
    });
    await whileAsking(nextApi, () => sleep(STAGE_MS));

    // And back again: the migration of this build leaves the schema as it is.
    expect(system.migrate('this')).toContain('left as it is');
    await isReady(await system.start('scheduler', 'scheduler-back'));
    await isReady(await system.start('worker', 'worker-back'));
    await system.end('scheduler-next', 'SIGTERM');
    await system.end('worker-next', 'SIGTERM');
    await whileAsking(api, () => sleep(STAGE_MS));
    lastSlot = await system.priceFrom(nowSeconds());
  });
  afterAll(async () => {
    await system?.stop();
    await database?.drop();
    await rm(NEXT, { recursive: true, force: true });
  });

  it('has the schema of the next build, on which this one runs', async () => {
    const { rows } = await database.pool.query(`SELECT value FROM settings WHERE key = 'schema'`);
    expect(rows).toEqual([{ value: NEXT_VERSION }]);
  });

  it('loses no slot at one-second sampling: where there is no price, the machine was too busy to call in time', async () => {
    const { rows } = await database.pool.query<{ ticker: string; slot: number; reason: string | null }>(
      `SELECT t.ticker, expected.slot, coalesce(s.reason, g.reason) AS reason
       FROM tickers t CROSS JOIN generate_series($1::bigint, $2::bigint) AS expected(slot)
       LEFT JOIN prices p ON p.ticker_id = t.id AND p.slot = expected.slot
       LEFT JOIN samples s ON s.ticker_id = t.id AND s.slot = expected.slot
       LEFT JOIN gaps g ON g.ticker_id = t.id AND g.from_slot <= expected.slot AND g.to_slot > expected.slot
       WHERE p.slot IS NULL ORDER BY expected.slot, t.ticker`,
      [firstSlot, lastSlot],
    );
    expect(rows.filter(({ reason }) => reason !== 'late' && reason !== 'overload')).toEqual([]);
    // A few of them, on a machine on which everything starts at once.
    expect(rows.length).toBeLessThan((lastSlot - firstSlot) / 10);
  });

  it('answers every request', () => {
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
  });

  it('is proven by verify of either build', () => {
    const { status, stdout } = system.verify();
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.not.stringContaining('BROKEN') });
  });
});
