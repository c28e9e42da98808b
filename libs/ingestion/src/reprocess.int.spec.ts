import type { RawRecord, ReadRecord } from '@app/domain';
import { IngestionRepository, ReprocessRepository } from '@app/storage';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest } from './ingest.js';
import { inOrder, type RecordList } from './record-list.js';
import { reprocess, type ReprocessOutcome } from './reprocess.js';

const NEVER = new AbortController().signal;
const FOR_EVER = { from: 0, to: 2 ** 31 - 1 };

/** What a record of these tests holds: price p of asset a at minute t; a `fault` is never readable. */
interface Held {
  readonly a: string;
  readonly t: number;
  readonly p: string;
}

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** How prices are read: each test has a rule of today and one of before. */
type Rule = (held: Held) => { readonly priceUsd: string; readonly name?: string } | string;

const AS_IT_IS: Rule = ({ p }) => ({ priceUsd: p });
const HUNDREDFOLD: Rule = ({ p }) => ({ priceUsd: `${p}00` });

function listOf(held: readonly (Held & { readonly id?: string })[], rule: Rule): RecordList {
  const records = held.map((each) => {
    const { id = each.a, ...payload } = each;
    return { id, place: '', payload: JSON.stringify(payload) };
  });
  return {
    ...{ source: 'coingecko', firstPage: '1' },
    fetchPage: (page) => Promise.resolve({ page, nextPage: null, fetchedAt: new Date(), records: inOrder(records) }),
    read: (record) => readBy(rule, record),
  };
}

function readBy(rule: Rule, record: RawRecord): ReadRecord {
  const held = JSON.parse(record.payload) as Held;
  const read = rule(held);
  if (typeof read === 'string') return { ...record, fault: read };
  const updatedAt = new Date(Date.UTC(2026, 2, 1, 12, held.t));
  return { ...record, asset: { assetId: held.a, symbol: held.a, name: held.a, updatedAt, ...read } };
}

async function ran(held: readonly (Held & { readonly id?: string })[], rule: Rule): Promise<void> {
  const runs = new IngestionRepository(database.pool);
  await ingest(listOf(held, rule), { runs, batchSize: 250, maxBadShare: 1, signal: NEVER });
}

async function reread(rule: Rule, isApplied = false, range = FOR_EVER): Promise<ReprocessOutcome> {
  const client = await database.pool.connect();
  try {
    const records = await ReprocessRepository.open(client, { source: 'coingecko', ...range });
    return await reprocess({ read: (record) => readBy(rule, record) }, { records, isApplied, signal: NEVER });
  } finally {
    client.release(true);
  }
}

async function stored(): Promise<unknown> {
  const { rows } = await database.pool.query<{ all: unknown }>(`
    SELECT json_build_object(
      'assets', (SELECT json_agg(json_build_array(asset_id, name, price_usd::text, updated_at) ORDER BY asset_id) FROM assets),
      'values', (SELECT json_agg(json_build_array(asset_id, updated_at, price_usd::text) ORDER BY asset_id, updated_at) FROM asset_values),
      'quarantine', (SELECT json_agg(json_build_array(run_id, record_id, reason) ORDER BY run_id, record_id) FROM etl_quarantine)) AS all`);
  return rows[0]?.all;
}

const SAME = { different: 0, missing: 0, readable: 0, unreadable: 0 };

describe('reading raw records anew', () => {
  it('finds no difference where nothing was changed', async () => {
    const bad: Rule = (held) => (held.a === 'bad' ? 'no price' : AS_IT_IS(held));
    await ran(
      ['a', 'b', 'bad'].map((a) => ({ a, t: 0, p: '1.50' })),
      bad,
    );
    const before = await stored();
    expect(await reread(bad, true)).toMatchObject({ read: 3, ...SAME });
    expect(await stored()).toEqual(before);
  });

  it('shows what would be read otherwise, writes it only when asked to, and then finds nothing more', async () => {
    const many = Array.from({ length: 1_234 }, (_, index) => ({ a: `coin-${index}`, t: 0, p: String(index + 1) }));
    await ran(many, HUNDREDFOLD);
    const wrong = await stored();
    const { examples, ...counts } = await reread(AS_IT_IS);
    expect(counts).toEqual({ read: 1_234, ...SAME, different: 1_234 });
    expect(examples.values).toHaveLength(5);
    expect(examples.values[0]).toMatchObject({
      assetId: 'coin-0',
      stored: { priceUsd: '100' },
      reread: { priceUsd: '1' },
    });
    expect(await stored()).toEqual(wrong);
    expect(await reread(AS_IT_IS, true)).toMatchObject({ different: 1_234 });
    expect(await reread(AS_IT_IS)).toMatchObject(SAME);
    const right = await stored();
    await database.pool.query('TRUNCATE etl_records, assets, asset_values');
    await ran(many, AS_IT_IS);
    expect(await stored()).toEqual(right);
  });

  it('puts back what is missing, also whole months and assets', async () => {
    await ran([{ a: 'a', t: 0, p: '1' }], AS_IT_IS);
    const before = await stored();
    await database.pool.query('DROP TABLE asset_values_y2026m03');
    await database.pool.query('DELETE FROM assets');
    expect(await reread(AS_IT_IS, true)).toMatchObject({ ...SAME, missing: 1 });
    expect(await stored()).toEqual(before);
  });

  it('mends names, and an older record does not overwrite what a newer one says', async () => {
    await ran([{ a: 'a', t: 0, p: '1' }], HUNDREDFOLD);
    await ran([{ a: 'a', t: 5, p: '2' }], HUNDREDFOLD);
    const named: Rule = (held) => ({ priceUsd: held.p, name: 'Alpha' });
    expect(await reread(named, true)).toMatchObject({ different: 2 });
    const [first, second] = [0, 5].map((minute) => `2026-03-01T12:0${minute}:00+00:00`);
    expect(await stored()).toMatchObject({
      assets: [['a', 'Alpha', '2', second]],
      values: [
        ['a', first, '1'],
        ['a', second, '2'],
      ],
    });
  });

  it('leaves alone what a record outside of the range says of the same time', async () => {
    await ran([{ a: 'a', t: 0, p: '1' }], AS_IT_IS);
    await database.pool.query('UPDATE raw_records SET ingested_at = ingested_at - 1');
    await ran([{ a: 'a', t: 0, p: '2' }], AS_IT_IS);
    const { rows } = await database.pool.query<{ at: number }>('SELECT max(ingested_at) AS at FROM raw_records');
    expect(await reread(AS_IT_IS, true, { from: 0, to: rows[0]?.at ?? 0 })).toMatchObject({ read: 1, ...SAME });
    expect(await stored()).toMatchObject({ values: [['a', expect.anything(), '2']] });
  });

  it('holds the last of several lines that speak of one asset and time against what is stored', async () => {
    const lines = ['1', '2', '3'].map((p) => ({ a: 'a', t: 0, p, id: `line ${p}` }));
    await ran(lines, AS_IT_IS);
    expect(await reread(AS_IT_IS)).toMatchObject({ read: 3, ...SAME });
  });

  it('takes records out of the quarantine that can be read now, and puts in those that no longer can', async () => {
    const no =
      (name: string): Rule =>
      (held) =>
        held.a === name ? `no price in ${name}` : AS_IT_IS(held);
    await ran(
      [
        { a: 'a', t: 0, p: '1' },
        { a: 'b', t: 0, p: '1' },
      ],
      no('a'),
    );
    const expected = { different: 0, missing: 1, readable: 1, unreadable: 1 };
    const shown = await reread(no('b'));
    expect(shown).toMatchObject(expected);
    expect(shown.examples).toMatchObject({ readable: ['a'], unreadable: [{ id: 'b', reason: 'no price in b' }] });
    expect(await stored()).toMatchObject({ quarantine: [[1, 'a', 'no price in a']] });
    expect(await reread(no('b'), true)).toMatchObject(expected);
    expect(await stored()).toMatchObject({
      quarantine: [[1, 'b', 'no price in b']],
      values: [
        ['a', expect.anything(), '1'],
        ['b', expect.anything(), '1'],
      ],
    });
    expect(await reread(no('b'))).toMatchObject(SAME);
  });

  it('goes on where it was interrupted, and by the side of runs', async () => {
    const many = Array.from({ length: 1_600 }, (_, index) => ({ a: `coin-${index}`, t: 0, p: String(index + 1) }));
    await ran(many, HUNDREDFOLD);
    const client = await database.pool.connect();
    const records = await ReprocessRepository.open(client, { source: 'coingecko', ...FOR_EVER });
    const read = (record: RawRecord) => readBy(AS_IT_IS, record);
    for await (const batch of records.rawRecords())
      await records.gather(batch.map((each) => ({ ...each, ...read(each) })));
    for await (const batch of records.differences(read, true)) {
      expect(batch).toHaveLength(500);
      break;
    }
    // A run that brings newer content of the same times, while what was gathered is older.
    await ran(
      many.map((each) => ({ ...each, p: `${each.p}.5` })),
      AS_IT_IS,
    );
    let later = 0;
    for await (const batch of records.differences(read, true)) later += batch.length;
    client.release(true);
    expect(later).toBe(0);
    expect(await reread(AS_IT_IS, true)).toMatchObject({ read: 3_200, ...SAME });
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS count FROM assets WHERE price_usd::text LIKE '%.5'`,
    );
    expect(rows).toEqual([{ count: 1_600 }]);
  });
});
