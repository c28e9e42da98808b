import { flagBits } from '@app/domain';
import { DecidedSlots, minute } from '../../../../test/builders/decided-slots.js';
import { NOON } from '../../../../test/builders/stored-schedules.js';
import { FORMER_RULES_UNTIL } from '../schema/former-rules.js';
import { judgeStillSamples } from './frozen-samples.js';
import { judgeFarPrices } from './unconfirmed-prices.js';

const [UNCONFIRMED, FROZEN] = [flagBits(['unconfirmed']), flagBits(['frozen'])];

describe('what is judged again by what is stored', () => {
  let slots: DecidedSlots;

  beforeAll(async () => {
    slots = await DecidedSlots.open();
  });
  afterAll(() => slots.close());
  beforeEach(() => slots.forget());

  /** What is found after some statements, as `10 accepted sample that is frozen`, with `?` where that is unproven; all is undone. */
  async function foundAfter(...statements: readonly string[]): Promise<string[]> {
    const client = await slots.pool.connect();
    try {
      await client.query('BEGIN');
      for (const statement of statements) await client.query(statement);
      // Two windows, so that the prices before the second one are looked up.
      const found = [];
      for (const window of [
        { fromSlot: 0, toSlot: minute(7) },
        { fromSlot: minute(7), toSlot: minute(10_000) },
      ])
        found.push(...(await judgeFarPrices(client, window)), ...(await judgeStillSamples(client, window)));
      return found.map(
        ({ slot, fault, isUnproven }) => `${(slot - NOON) / 60} ${fault.problem}${isUnproven ? '?' : ''}`,
      );
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  const flag = (change: string, ...minutes: readonly number[]): string[] =>
    ['samples', 'prices'].map(
      (table) => `UPDATE ${table} SET flags = flags ${change} WHERE slot IN (${minutes.map(minute).join()})`,
    );

  describe('prices far from the one before', () => {
    /** Up and down until it is served unconfirmed in minute 10, and confirmed by three that lie together in 14. */
    async function swinging(): Promise<void> {
      await slots.sampled(1);
      await slots.pass(minute(0), '100');
      for (let count = 1; count <= 11; count += 1)
        await slots.pass(minute(count), count % 2 === 0 ? `8${count % 10}.5` : `12${count % 10}`);
      for (const count of [12, 13, 14, 15]) await slots.pass(minute(count), `${88 + count}`);
      const { rows } = await slots.pool.query<{ minute: number; flags: number }>(
        `SELECT ((slot - ${NOON}) / 60)::int AS minute, flags FROM prices ORDER BY slot`,
      );
      expect(rows.map((row) => `${row.minute} ${row.flags}`)).toEqual([
        '0 0',
        '10 8',
        '11 8',
        '12 8',
        '13 8',
        '14 0',
        '15 0',
      ]);
    }

    test('are right as the rules left them', async () => {
      await swinging();
      expect(await foundAfter()).toEqual([]);
    });

    test('are found when the flag is lost', async () => {
      await swinging();
      for (const count of [10, 11, 12, 13])
        expect(await foundAfter(...flag(`& ~${UNCONFIRMED}`, count))).toContain(
          `${count} unconfirmed price that is not flagged`,
        );
    });

    test('are found when the flag is set where nothing is far, or what is far was confirmed', async () => {
      await swinging();
      expect(await foundAfter(...flag(`| ${UNCONFIRMED}`, 14))).toContain('14 price flagged unconfirmed that was not');
      expect(await foundAfter(...flag(`| ${UNCONFIRMED}`, 15))).toContain('15 price flagged unconfirmed that was not');
      expect(await foundAfter(...flag(`| ${UNCONFIRMED}`, 0))).toContain('0 price flagged unconfirmed that was not');
    });

    test('are found when a jump was served', async () => {
      await slots.sampled(1);
      for (const count of [0, 1, 2, 3]) await slots.pass(minute(count), `10${count}`);
      const change = `price = 150, raw = '150'`;
      const jump = `UPDATE samples SET ${change} WHERE slot = ${minute(2)}`;
      expect(await foundAfter()).toEqual([]);
      expect(await foundAfter(jump, `UPDATE prices SET price = 150 WHERE slot = ${minute(2)}`)).toContain(
        '2 accepted sample that is a jump',
      );
    });

    test('are right where another source agrees, its source has persisted, or it came before the last price', async () => {
      await slots.sampled(2);
      await slots.pass(minute(0), '100', '100');
      await slots.pass(minute(1), '130', '131');
      const failed = { outcome: 'failed', reason: 'timeout' } as const;
      for (const count of [2, 3, 4]) await slots.pass(minute(count), `20${count}`, failed);
      // Late, after an outage: its last price is that of minute 1, or of 4.
      await slots.pass(minute(6), `300`, '300.5');
      await slots.pass(minute(5), `209`, failed);
      expect(await slots.reported.pricesOf(slots.tickerId, [1, 4, 5, 6].map(minute))).toEqual([
        '130',
        '204',
        '209',
        '300',
      ]);
      expect(await foundAfter()).toEqual([]);
    });

    test('of a median are found by the samples that it was made of', async () => {
      await slots.sampled(2, { rule: 'median' });
      await slots.pass(minute(0), '100', '100');
      await slots.pass(minute(1), '150', '150.1');
      expect(await foundAfter()).toEqual([]);
      expect(await foundAfter(...flag(`| ${UNCONFIRMED}`, 1))).toContain('1 price flagged unconfirmed that was not');
    });

    test('are unproven when they were corrected since, or stored by a build of before', async () => {
      await swinging();
      const lost = flag(`& ~${UNCONFIRMED}`, 11);
      expect(await foundAfter(...lost, `UPDATE prices SET revision = 1 WHERE slot = ${minute(11)}`)).toContain(
        '11 unconfirmed price that is not flagged?',
      );
      const former = `INSERT INTO settings VALUES ('${FORMER_RULES_UNTIL}', to_jsonb(now() + interval '1 day'))`;
      expect(await foundAfter(...lost, former)).toContain('11 unconfirmed price that is not flagged?');
    });

    test('are unproven without a flag after so long that builds before this one had forgotten the last price', async () => {
      await slots.sampled(1, { intervalSeconds: 3_600 });
      for (const [count, raw] of ['80000', '8000', '8001'].entries()) await slots.pass(minute(60 * count), raw);
      expect(await foundAfter()).toEqual([]);
      expect(await foundAfter(...flag(`& ~${UNCONFIRMED}`, 120))).toEqual([
        '120 unconfirmed price that is not flagged?',
      ]);
    });
  });

  describe('samples with the digits of long ago', () => {
    const moving = (count: number): string => (100 * 1.002 ** count).toFixed(3);

    async function still(sources: number, second: (count: number) => string): Promise<void> {
      await slots.sampled(sources);
      for (let count = 0; count <= 18; count += 1)
        await slots.pass(minute(count), '100.125', ...(sources > 1 ? [second(count)] : []));
    }

    /** The decision of a frozen sample is undone. */
    const believed = (count: number): string[] => [
      `UPDATE samples SET outcome = 'accepted', reason = NULL, price = raw::numeric, detail = NULL WHERE slot = ${minute(count)} AND source_id = 1`,
    ];

    test('are right as the rules left them', async () => {
      await still(2, moving);
      expect(await slots.reported.samplesOf(slots.tickerId, minute(16))).toMatchObject({ 1: 'rejected frozen' });
      expect(await foundAfter()).toEqual([]);
    });

    test('are found when they are accepted though another one moved', async () => {
      await still(2, moving);
      expect(await foundAfter(...believed(16))).toEqual(['16 accepted sample that is frozen']);
      expect(await foundAfter(...believed(15), ...believed(18))).toEqual([
        '15 accepted sample that is frozen',
        '18 accepted sample that is frozen',
      ]);
    });

    test('are found when the flag is missing where nobody else reported, or is there where somebody did', async () => {
      await still(1, moving);
      expect(await foundAfter()).toEqual([]);
      expect(await foundAfter(...flag(`& ~${FROZEN}`, 16))).toEqual(['16 sample that is not flagged frozen']);
      await slots.forget();
      await still(2, (count) => `100.${count}`);
      expect(await foundAfter()).toEqual([]);
      expect(await foundAfter(...flag(`| ${FROZEN}`, 17))).toContain('17 sample flagged frozen that was not');
    });

    test('are right where the others moved after it was stored, and of a pair that is pegged', async () => {
      await still(1, moving);
      const slot = minute(10);
      await slots.pool.query(
        `INSERT INTO samples (ticker_id, slot, source_id, outcome, price, raw, batch)
         SELECT ${slots.tickerId}, slot, 2, 'accepted', 100 + slot - ${slot}, '100.' || slot, 'btc_usd' FROM unnest(ARRAY[${slot}, ${slot + 60}]) AS slot`,
      );
      await slots.pool.query(`UPDATE samples SET stored_at = stored_at + interval '1 minute' WHERE source_id = 2`);
      expect(await foundAfter()).toEqual([]);
      await slots.sampled(2, { ticker: 'usdt_usd' });
      for (let count = 0; count <= 18; count += 1) await slots.pass(minute(count), '1.000', moving(count));
      expect(await foundAfter()).toEqual([]);
    });

    test('are unproven when they were corrected since', async () => {
      await still(2, moving);
      expect(await foundAfter(...believed(16), `UPDATE samples SET revision = 1 WHERE slot = ${minute(3)}`)).toEqual([
        '16 accepted sample that is frozen?',
      ]);
    });
  });
});
