import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { DriftRepository, type DriftSighting } from './drift.repository.js';

const NOON = Date.UTC(2025, 2, 1, 12);
const HOUR_MS = 3_600_000;

function sighting(change: Partial<DriftSighting> & { readonly atMs?: number } = {}): DriftSighting {
  const { atMs = NOON, ...rest } = change;
  const at = new Date(atMs);
  const usual = { sourceId: 2, endpoint: 'simple-price', field: '*.usd', detail: 'nothing', count: 1 };
  return { ...usual, firstSeenAt: at, lastSeenAt: at, ...rest };
}

describe('keeping drifts', () => {
  let database: TestDatabase;
  let drifts: DriftRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    drifts = new DriftRepository(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE drift_events'));

  async function rows() {
    const found = await database.pool.query<Record<string, unknown>>(
      'SELECT source_id, field, detail, count, first_seen_at, last_seen_at FROM drift_events ORDER BY field',
    );
    return found.rows;
  }

  it('tells of one that was never seen before, once, and counts it from then on', async () => {
    const news = { sourceId: 2, endpoint: 'simple-price', field: '*.usd', detail: 'nothing' };
    expect(await drifts.record([sighting()])).toEqual([news]);
    expect(await drifts.record([sighting({ atMs: NOON + 1_000, count: 5, detail: 'usdd looks like it' })])).toEqual([]);
    expect(await rows()).toEqual([
      {
        source_id: 2,
        field: '*.usd',
        detail: 'usdd looks like it',
        count: 6,
        first_seen_at: new Date(NOON),
        last_seen_at: new Date(NOON + 1_000),
      },
    ]);
  });

  it('tells of it again when it was away for more than a day, and not before', async () => {
    await drifts.record([sighting()]);
    expect(await drifts.record([sighting({ atMs: NOON + 24 * HOUR_MS })])).toEqual([]);
    expect(await drifts.record([sighting({ atMs: NOON + 48 * HOUR_MS + 1 })])).toHaveLength(1);
    expect(await drifts.record([sighting({ atMs: NOON + 48 * HOUR_MS + 2 })])).toEqual([]);
  });

  it('tells fields, endpoints and sources apart', async () => {
    const different = [sighting(), sighting({ field: 'b' }), sighting({ endpoint: 'b' }), sighting({ sourceId: 1 })];
    expect(await drifts.record(different)).toHaveLength(4);
    expect(await drifts.record([sighting(), sighting({ field: 'c' })])).toMatchObject([{ field: 'c' }]);
  });

  it('does not step back when an older sighting is written late', async () => {
    await drifts.record([sighting({ atMs: NOON + HOUR_MS })]);
    await drifts.record([sighting()]);
    expect(await rows()).toMatchObject([{ last_seen_at: new Date(NOON + HOUR_MS), count: 2 }]);
  });

  it('takes what Postgres has no place for', async () => {
    await drifts.record([sighting({ field: 'a\0b', detail: 'found \0' })]);
    expect(await rows()).toMatchObject([{ field: 'a\uFFFDb' }]);
  });

  it('tells one of many workers that see it at once, whether it is new or was away', async () => {
    const many = (atMs: number) =>
      Promise.all(
        Array.from({ length: 8 }, (_, round) => {
          const seen = [sighting({ atMs: atMs + round }), sighting({ atMs: atMs + round, field: 'b' })];
          return drifts.record(round % 2 === 0 ? seen : seen.reverse());
        }),
      );
    expect((await many(NOON)).flat()).toHaveLength(2);
    expect((await many(NOON + 100 * HOUR_MS)).flat()).toHaveLength(2);
    expect(await rows()).toMatchObject([{ count: 16 }, { count: 16 }]);
  });

  it('writes nothing when there is nothing', async () => {
    expect(await drifts.record([])).toEqual([]);
  });
});
