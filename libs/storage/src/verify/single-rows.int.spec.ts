import { MIDNIGHT } from '../../../../test/builders/simulated-past.js';
import { at, brokenIn, placesOf, LIVING_LIMIT_MS, SabotagedPast } from '../../../../test/builders/sabotaged-past.js';

const SLOT = MIDNIGHT - 70;
const FEBRUARY = MIDNIGHT - 28 * 86_400;
const APRIL = MIDNIGHT + 31 * 86_400;
const COPY = `SELECT * FROM prices WHERE ${at('btc_usd', SLOT)}`;
const FETCH = `batch = 'btc_usd' AND source_id = 1 AND slot = ${SLOT}`;

/** Drops every check on attempts, of the table and of its partitions. */
const WITHOUT_LIMIT = `DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
    WHERE contype = 'c' AND pg_get_constraintdef(oid) LIKE '%attempts%' AND conrelid::regclass::text LIKE 'fetches%'
    ORDER BY coninhcount LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', found.relation, found.conname);
    EXCEPTION WHEN invalid_table_definition THEN NULL;
    END;
  END LOOP;
END $$`;

const SABOTAGES = [
  {
    what: 'a price is there twice, its key having been dropped',
    statements: ['ALTER TABLE prices DROP CONSTRAINT prices_pkey', `INSERT INTO prices ${COPY}`],
    problem: 'row that is there more than once',
  },
  {
    what: 'a sample is there twice, its key having been dropped',
    statements: [
      'ALTER TABLE samples DROP CONSTRAINT samples_pkey',
      `INSERT INTO samples SELECT * FROM samples WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'row that is there more than once',
  },
  {
    what: 'a price is there twice, once in a partition made by hand',
    statements: ['CREATE TABLE prices_y2024m07 (LIKE prices INCLUDING ALL)', `INSERT INTO prices_y2024m07 ${COPY}`],
    problem: 'row in a partition that is not attached',
  },
  {
    what: 'a partition was detached with its rows in it',
    statements: ['ALTER TABLE samples DETACH PARTITION samples_y2025m02'],
    problem: 'row in a partition that is not attached',
    slot: expect.any(Number),
  },
  {
    what: 'a price stands in the partition of another month',
    statements: [
      'ALTER TABLE prices DETACH PARTITION prices_y2025m02',
      'ALTER TABLE prices DETACH PARTITION prices_y2025m03',
      'ALTER TABLE prices_y2025m03 DROP CONSTRAINT prices_y2025m03_slot',
      `INSERT INTO prices_y2025m03 SELECT * FROM prices_y2025m02 WHERE ${at('btc_usd', SLOT)}`,
      `ALTER TABLE prices ATTACH PARTITION prices_y2025m03 FOR VALUES FROM (${FEBRUARY}) TO (${APRIL})`,
    ],
    problem: 'row in a partition of another month',
  },
  {
    what: 'there were more calls than its attempts allow',
    statements: [WITHOUT_LIMIT, `UPDATE fetches SET attempts = max_attempts + 1 WHERE ${FETCH}`],
    problem: 'more calls than its attempts allow',
  },
  {
    what: 'a fetch was answered without a call',
    statements: [`UPDATE fetches SET attempts = 0 WHERE ${FETCH}`],
    problem: 'answered without a call',
  },
  {
    what: 'an observation was requested before its window',
    statements: [
      `UPDATE samples SET requested_at = to_timestamp(${SLOT} - 0.251) WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'accepted observation outside of its window',
  },
  {
    what: 'an observation was received after its window',
    statements: [
      `UPDATE samples SET observed_at = to_timestamp(${SLOT} + 5.001) WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'accepted observation outside of its window',
  },
  {
    what: 'an observation was received before it was requested',
    statements: [
      `UPDATE samples SET requested_at = observed_at + interval '1 second' WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'accepted observation outside of its window',
  },
  {
    what: 'an observation has no time',
    statements: [`UPDATE samples SET requested_at = NULL WHERE ${at('btc_usd', SLOT)} AND source_id = 1`],
    problem: 'accepted observation outside of its window',
  },
];

describe('I2', () => {
  let past: SabotagedPast;
  beforeAll(async () => {
    past = await SabotagedPast.open();
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  it.each(SABOTAGES)('finds and names where $what', async ({ statements, problem, slot = SLOT }) => {
    const findings = await past.findingsAfter(statements);
    expect(placesOf(findings)).toContainEqual({ invariant: 'I2', problem, ticker: 'btc_usd', slot });
  });

  it('takes an observation that begins by the permitted offset of a clock too early', async () => {
    const findings = await past.findingsAfter([
      `UPDATE samples SET requested_at = to_timestamp(${SLOT} - 0.250) WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ]);
    expect(brokenIn(findings)).toEqual([]);
  });

  it('takes an empty partition that is not attached', async () => {
    const findings = await past.findingsAfter(['CREATE TABLE prices_y2024m07 (LIKE prices INCLUDING ALL)']);
    expect(brokenIn(findings)).toEqual([]);
  });

  it('counts rows by table', async () => {
    const finding = (await past.findingsAfter([])).find(({ invariant }) => invariant === 'I2');
    expect(finding?.figures).toContainEqual({ name: 'prices', value: 462, parts: { distinct: 462 } });
    expect(finding?.figures).toContainEqual({ name: 'most calls of a fetch', value: 1 });
  });
});
