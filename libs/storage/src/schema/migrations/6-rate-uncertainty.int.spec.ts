import { flagBits } from '@app/domain';
import pg from 'pg';
import { makeEarlierSchema } from '../../../../../test/builders/earlier-schema.js';
import { migrateOptions } from '../../../../../test/builders/migrated-database.js';
import { makeSources, ReportedSlots } from '../../../../../test/builders/reported-slots.js';
import { insertSchedule, NOON } from '../../../../../test/builders/stored-schedules.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../../test/support/empty-database.js';
import { ProblemList } from '../../verify/finding.js';
import { checkCalculatedSamples } from '../../verify/calculated-samples.js';
import { MIGRATIONS } from '../data-source.js';
import { migrate } from '../migrate.js';
import { ensurePartitions } from '../partitions.js';
import { RateUncertainty1764100000000 } from './6-rate-uncertainty.migration.js';

const [RATE_SOURCE, TETHER_SOURCE] = [1, 5];
const DERIVED = flagBits(['derived']);

describe('how well a rate is known, in a database of a build before', () => {
  let database: EmptyDatabase;
  let pool: pg.Pool;
  let rateId: number;
  let tickerId: number;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    await makeEarlierSchema(database, MIGRATIONS.indexOf(RateUncertainty1764100000000), NOON);
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
    pg.types.setTypeParser(pg.types.builtins.INT8, Number);
    await makeSources(pool);
    ({ tickerId: rateId } = await insertSchedule(pool, {
      ticker: 'usdt_usd',
      sources: [{ sourceId: RATE_SOURCE }],
      ruleOptions: { checks: { jump_ratio: null } },
    }));
    ({ tickerId } = await insertSchedule(pool, {
      ticker: 'btc_usd',
      sources: [{ sourceId: TETHER_SOURCE, quotedIn: 'usdt' }],
      ruleOptions: { checks: { jump_ratio: null } },
    }));
    const client = await pool.connect();
    await ensurePartitions(client, NOON, NOON + 3_600);
    client.release();
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  /** What a build of before stores of a slot: an inverted price of Tether, and one of bitcoin that is converted at it. */
  async function storedBefore(slot: number): Promise<void> {
    const sampled = `to_timestamp(${slot}), to_timestamp(${slot}), 'accepted'`;
    const columns = 'ticker_id, slot, source_id, batch, flags, requested_at, observed_at, outcome, price, raw';
    await pool.query(`INSERT INTO samples (${columns}, inverted)
      VALUES (${rateId}, ${slot}, ${RATE_SOURCE}, 'usdt_usd', ${DERIVED}, ${sampled}, 19960, '0.0000501', true)`);
    await pool.query(`INSERT INTO prices (ticker_id, slot, price, source_id, observed_at, flags, consensus)
      VALUES (${rateId}, ${slot}, 19960, ${RATE_SOURCE}, to_timestamp(${slot}), ${DERIVED}, NULL)`);
    await pool.query(`INSERT INTO samples (${columns}, rate, rate_ticker)
      VALUES (${tickerId}, ${slot}, ${TETHER_SOURCE}, 'btc_usd', ${DERIVED}, ${sampled}, 19980, '1.001', 19960, 'usdt_usd')`);
  }

  async function verify() {
    const problems = new ProblemList();
    const client = await pool.connect();
    const counts = await checkCalculatedSamples(client, { fromSlot: NOON, toSlot: NOON + 3_600 }, problems);
    client.release();
    return { ...counts, problems: problems.problems };
  }

  it('is as of before for what is stored, and of now for what comes', async () => {
    await storedBefore(NOON);
    // Its rate had come, and it did not wait for it to the end.
    await storedBefore(NOON + 60);
    await pool.query(
      `UPDATE samples SET outcome = 'rejected', reason = 'no_conversion_rate', price = NULL, rate = NULL WHERE ticker_id = $1 AND slot = $2`,
      [tickerId, NOON + 60],
    );
    expect(await migrate(migrateOptions(database))).toBe('migrated');
    const reported = new ReportedSlots(pool);
    await reported.pass(tickerId, NOON + 60, NOON + 65);
    // A build of before that still runs, and this one.
    await storedBefore(NOON + 120);
    const inverse = {
      outcome: 'accepted',
      price: '19960',
      raw: '0.0000501',
      isInverted: true,
      flags: DERIVED,
    } as const;
    await reported.report({ tickerId: rateId, sourceId: RATE_SOURCE, slot: NOON + 180, batch: 'usdt_usd' }, inverse);
    await reported.report(
      { tickerId, sourceId: TETHER_SOURCE, slot: NOON + 180 },
      { outcome: 'rejected', reason: 'no_conversion_rate', raw: '1.001', rateTicker: 'usdt_usd', flags: DERIVED },
    );
    const { rows } = await pool.query(
      `SELECT s.slot - $2 AS after, s.price::text, s.reason, s.rate::text, s.rate_uncertainty::text, p.uncertainty::text AS of_rate
       FROM samples s LEFT JOIN prices p ON p.ticker_id = $3 AND p.slot = s.slot WHERE s.ticker_id = $1 ORDER BY s.slot`,
      [tickerId, NOON, rateId],
    );
    const asBefore = { price: '19980', reason: null, rate: '19960', rate_uncertainty: null, of_rate: null };
    expect(rows).toEqual([
      { after: 0, ...asBefore },
      { after: 60, ...asBefore },
      { after: 120, ...asBefore },
      { ...{ after: 180, price: null, reason: 'imprecise', rate: '19960', rate_uncertainty: '20.1', of_rate: '20.1' } },
    ]);
    expect(await verify()).toMatchObject({ calculated: 7, former: 3, doubtful: 0, problems: [] });
  });

  it('is looked for no longer than a day after the update where there is a sample, also where that was so before', async () => {
    const until = `SELECT (value #>> '{}')::timestamptz BETWEEN now() + interval '23 hours' AND now() + interval '25 hours' AS fits
      FROM settings WHERE key = 'former_rules_until'`;
    await pool.query(`INSERT INTO settings VALUES ('former_rules_until', to_jsonb(timestamptz '2020-01-01'))`);
    await storedBefore(NOON);
    await migrate(migrateOptions(database));
    expect(await database.ask(until)).toEqual([{ fits: true }]);
  });

  it('is as of now from the beginning where there is none', async () => {
    await migrate(migrateOptions(database));
    expect(await database.ask(`SELECT 1 FROM settings WHERE key = 'former_rules_until'`)).toEqual([]);
  });
});
