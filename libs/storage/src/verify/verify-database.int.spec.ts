import {
  LAST_SECOND,
  MIDNIGHT,
  SimulatedPast,
  expectedPricesOfPast,
} from '../../../../test/builders/simulated-past.js';
import {
  at,
  brokenIn,
  HORIZON,
  placesOf,
  LIVING_LIMIT_MS,
  SabotagedPast,
} from '../../../../test/builders/sabotaged-past.js';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { createTestDatabase } from '../../../../test/support/test-database.js';
import { slotAt } from '@app/domain';
import pg from 'pg';
import { readHorizon } from './horizon.js';
import { inSnapshot } from './snapshot.js';
import { findAll, verifyDatabase } from './verify-database.js';

/** The rows say when they were made: as if all of it had happened then. */
const MADE_THEN = [
  `UPDATE fetches SET planned_at = to_timestamp(slot)`,
  `UPDATE gaps SET recorded_at = to_timestamp(to_slot)`,
];
/** The last slot that was planned: one of eth_usd, every 5 s. */
const LAST_SIGN = LAST_SECOND - 5;

describe('verifying a database', () => {
  let past: SabotagedPast;
  beforeAll(async () => {
    past = await SabotagedPast.open();
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  it('finds nothing broken in a healthy one', async () => {
    const findings = await past.findingsAfter([]);
    expect(findings.map(({ invariant, status }) => [invariant, status])).toEqual([
      ['I1', 'ok'],
      ['I2', 'ok'],
      ['I4', 'ok'],
      ['I6', 'ok'],
    ]);
  });

  it('calls an empty one broken: where nothing was expected, nothing is proven', async () => {
    const empty = await createTestDatabase();
    try {
      const { findings } = await verifyDatabase(empty.url, expectedPricesOfPast);
      expect(placesOf(findings)).toEqual([
        { invariant: 'I1', problem: 'no expected slot at all', ticker: 'catalogue', slot: null },
      ]);
      expect(findings.find(({ invariant }) => invariant === 'I4')?.status).toBe('unproven');
    } finally {
      await empty.drop();
    }
  });

  it('calls one unproven whose first slot is not past its grace yet', async () => {
    const young = await createTestDatabase();
    try {
      const intervalSeconds = 60;
      const fromSlot = slotAt(Date.now() + intervalSeconds * 1_000, intervalSeconds);
      await catalogueTickers(young.url, { ticker: 'btc_usd', fromSlot, intervalSeconds });
      const { findings } = await verifyDatabase(young.url, expectedPricesOfPast);
      expect(placesOf(findings)).toEqual([]);
      expect(findings[0]).toMatchObject({
        invariant: 'I1',
        status: 'unproven',
        reason: expect.stringContaining('try again in half a minute'),
      });
    } finally {
      await young.drop();
    }
  });

  it('calls one broken that was to be sampled for long and never was', async () => {
    const idle = await createTestDatabase();
    try {
      await catalogueTickers(idle.url, { ticker: 'btc_usd', fromSlot: slotAt(Date.now() - 600_000, 1) });
      const { findings } = await verifyDatabase(idle.url, expectedPricesOfPast);
      expect(placesOf(findings)).toMatchObject([{ invariant: 'I1', problem: 'no expected slot at all' }]);
    } finally {
      await idle.drop();
    }
  });

  it('may do so as the role that can only read', async () => {
    const findings = await inSnapshot(past.database.readerUrl, (snapshot) =>
      findAll(snapshot, HORIZON, expectedPricesOfPast),
    );
    expect(brokenIn(findings)).toEqual([]);
  });

  describe('that no scheduler runs on', () => {
    const nowSeconds = LAST_SECOND + 3_600;

    it('judges up to the last sign of one, and calls the rest unproven', async () => {
      const findings = await past.after(MADE_THEN, async (snapshot) => {
        const horizon = await readHorizon(snapshot, nowSeconds);
        expect(horizon).toMatchObject({ isRunning: false, judgedUntilSeconds: LAST_SIGN - 8 });
        return findAll(snapshot, horizon, expectedPricesOfPast);
      });
      expect(brokenIn(findings)).toEqual([]);
      expect(findings[1]).toMatchObject({ invariant: 'I1', status: 'unproven' });
      // An hour of btc_usd every 7 s and eth_usd every 5 s, and what its end still found in hand.
      const [, since] = findings[1]?.figures ?? [];
      expect(since?.value).toBeGreaterThan(3_600 / 7 + 3_600 / 5);
      expect(since?.value).toBeLessThan(3_660 / 7 + 3_660 / 5);
    });

    it('lets a slot that was in hand wait for the next one', async () => {
      const inHand = [
        ...MADE_THEN,
        `DELETE FROM prices WHERE ${at('eth_usd', MIDNIGHT + 85)}`,
        `DELETE FROM samples WHERE ${at('eth_usd', MIDNIGHT + 85)}`,
        `UPDATE fetches SET status = 'running' WHERE batch = 'eth_usd' AND slot = ${MIDNIGHT + 85}`,
      ];
      const stopped = await past.after(inHand, async (snapshot) =>
        findAll(snapshot, await readHorizon(snapshot, nowSeconds)),
      );
      expect(stopped.slice(0, 2)).toMatchObject([
        { invariant: 'I1', status: 'ok' },
        { invariant: 'I1', status: 'unproven', figures: [{ name: 'in hand', value: 1 }, {}] },
      ]);
      const running = await past.findingsAfter(inHand);
      expect(placesOf(running)).toContainEqual({
        invariant: 'I1',
        problem: 'fetch that was never finished',
        ticker: 'eth_usd',
        slot: MIDNIGHT + 85,
      });
    });

    it('still finds what was broken before', async () => {
      const findings = await past.after(
        [...MADE_THEN, `DELETE FROM prices WHERE ${at('eth_usd', MIDNIGHT + 55)}`],
        async (snapshot) => findAll(snapshot, await readHorizon(snapshot, nowSeconds)),
      );
      expect(placesOf(findings)).toContainEqual({
        invariant: 'I1',
        problem: 'expected slot without price and without reason',
        ticker: 'eth_usd',
        slot: MIDNIGHT + 55,
      });
    });
  });

  it('judges up to the present as long as a scheduler is connected for long enough to have caught up', async () => {
    const scheduler = new pg.Client({ connectionString: past.database.url, application_name: 'tidemark-scheduler' });
    await scheduler.connect();
    try {
      const soon = await past.after([], (snapshot) => readHorizon(snapshot, LAST_SECOND));
      expect(soon.isRunning).toBe(false);
      const later = await past.after([], (snapshot) => readHorizon(snapshot, LAST_SECOND, { catchUpSeconds: 0 }));
      expect(later).toMatchObject({ isRunning: true, judgedUntilSeconds: LAST_SECOND - 8 });
    } finally {
      await scheduler.end();
    }
  });
});

describe('verifying a database that is being written to', () => {
  it('finds nothing broken at any time', async () => {
    const database = await createTestDatabase();
    try {
      const past = new SimulatedPast(database);
      await past.live();
      let writing = true;
      let second = LAST_SECOND;
      const writer = (async () => {
        for (; writing; second += 1) await past.pass(second, second + 1);
      })();
      const statuses: string[] = [];
      try {
        while (second < LAST_SECOND + 100 || statuses.length <= 8) {
          // What was judged when the snapshot is taken, and no end of what may be there.
          const horizon = {
            ...HORIZON,
            nowSeconds: second,
            judgedUntilSeconds: second - 10,
            endSlot: second + 3_600,
          };
          const findings = await inSnapshot(database.url, (snapshot) =>
            findAll(snapshot, horizon, expectedPricesOfPast),
          );
          statuses.push(...findings.map(({ invariant, status }) => `${invariant} ${status}`));
          expect(placesOf(findings)).toEqual([]);
        }
      } finally {
        writing = false;
        await writer;
      }
      expect(new Set(statuses)).toEqual(new Set(['I1 ok', 'I2 ok', 'I4 ok', 'I6 ok']));
      expect(statuses.length).toBeGreaterThan(8);
    } finally {
      await database.drop();
    }
  }, 120_000);
});
