import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { AttemptRepository } from '../fetches/attempt.repository.js';
import { PayloadRepository, type Payload } from './payload.repository.js';

const DAY = '2025-03-01';
const MEGABYTE = 2 ** 20;

function payload(body: string, day = DAY): Payload {
  return { sha256: createHash('sha256').update(body).digest(), body, day };
}

/** A body that cannot be compressed below about three quarters of its length. */
function noise(bytes: number): string {
  return randomBytes(bytes).toString('base64');
}

describe('keeping payloads', () => {
  let database: TestDatabase;
  let payloads: PayloadRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    payloads = new PayloadRepository(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE payloads, payload_days, fetch_attempts'));

  async function stored() {
    const found = await database.pool.query<{
      sha256: Buffer;
      body: Buffer;
      encoding: string;
      bytes: number;
      first_day: string;
      last_day: string;
    }>('SELECT sha256, body, encoding, bytes, first_day::text, last_day::text FROM payloads ORDER BY bytes, sha256');
    return found.rows.map(({ body, ...row }) => ({
      ...row,
      size: body.byteLength,
      text: (row.encoding === 'gzip' ? gunzipSync(body) : body).toString(),
    }));
  }

  async function day(of = DAY) {
    const { rows } = await database.pool.query<{
      stored_bytes: number;
      kept: number;
      refused: number;
      dropped: boolean;
    }>('SELECT stored_bytes, kept, refused, dropped_at IS NOT NULL AS dropped FROM payload_days WHERE day = $1', [of]);
    return rows[0];
  }

  it('keeps a body with its hash, compressed when that is smaller', async () => {
    const long = payload(`{"prices":[${'87123.45,'.repeat(500)}0]}`);
    const short = payload('{}');
    await payloads.keep([long, short], MEGABYTE);
    const [first, second] = await stored();
    expect(first).toMatchObject({ encoding: 'identity', bytes: 2, size: 2, text: '{}' });
    expect(second).toMatchObject({ encoding: 'gzip', bytes: long.body.length, text: long.body, sha256: long.sha256 });
    expect(second?.size).toBeLessThan(200);
    expect(await day()).toMatchObject({ kept: 2, refused: 0, stored_bytes: (first?.size ?? 0) + (second?.size ?? 0) });
  });

  it.each([
    ['nothing', ''],
    ['every kind of character', 'price: 87 123,45 €\0\u{1F4B0}\r\n'],
  ])('gives back exactly the body of %s', async (_what, body) => {
    await payloads.keep([payload(body)], MEGABYTE);
    expect(await stored()).toMatchObject([{ text: body, bytes: Buffer.byteLength(body) }]);
  });

  it('keeps the same body once, however often it comes, and notes the newest day', async () => {
    const frozen = payload('{"price":1}');
    const first = await payloads.keep([frozen, payload('{"price":2}'), frozen], MEGABYTE);
    expect(first).toEqual([{ day: DAY, kept: 2, known: 1, refused: 0, isFirstRefusal: false }]);
    const again = await payloads.keep([frozen], MEGABYTE);
    expect(again).toEqual([{ day: DAY, kept: 0, known: 1, refused: 0, isFirstRefusal: false }]);
    await payloads.keep([payload('{"price":1}', '2025-03-02')], MEGABYTE);
    const found = (await stored()).sort((left, right) => left.text.localeCompare(right.text));
    expect(found).toMatchObject([
      { text: '{"price":1}', first_day: DAY, last_day: '2025-03-02' },
      { text: '{"price":2}', first_day: DAY, last_day: DAY },
    ]);
    expect(await day()).toMatchObject({ kept: 2 });
    expect(await day('2025-03-02')).toMatchObject({ kept: 0, stored_bytes: 0 });
  });

  it('keeps the newest day when an older one comes late', async () => {
    await payloads.keep([payload('{}', '2025-03-02')], MEGABYTE);
    await payloads.keep([payload('{}', DAY)], MEGABYTE);
    expect(await stored()).toMatchObject([{ last_day: '2025-03-02' }]);
  });

  it('keeps what comes on both sides of midnight under its own day', async () => {
    const outcomes = await payloads.keep([payload('a'), payload('b', '2025-03-02')], MEGABYTE);
    expect(outcomes).toMatchObject([
      { day: DAY, kept: 1 },
      { day: '2025-03-02', kept: 1 },
    ]);
  });

  it('keeps no more than the cap of the day allows, and says so once', async () => {
    const [small, large, later] = [payload(noise(300)), payload(noise(3_000)), payload(noise(3_000))];
    const first = await payloads.keep([small, large], 1_000);
    expect(first).toEqual([{ day: DAY, kept: 1, known: 0, refused: 1, isFirstRefusal: true }]);
    const second = await payloads.keep([later], 1_000);
    expect(second).toEqual([{ day: DAY, kept: 0, known: 0, refused: 1, isFirstRefusal: false }]);
    expect(await stored()).toMatchObject([{ text: small.body }]);
    expect(await day()).toMatchObject({ kept: 1, refused: 2 });
  });

  it('still knows the bodies that it has when the cap is reached, and has room again the next day', async () => {
    const [kept, refused] = [payload(noise(300)), payload(noise(300))];
    await payloads.keep([kept], 500);
    expect(await payloads.keep([kept, refused], 500)).toMatchObject([{ known: 1, refused: 1 }]);
    const [next] = await payloads.keep([payload(refused.body, '2025-03-02')], 500);
    expect(next).toMatchObject({ kept: 1, refused: 0 });
  });

  it('keeps nothing when the cap is 0', async () => {
    expect(await payloads.keep([payload('a')], 0)).toMatchObject([{ kept: 0, refused: 1, isFirstRefusal: true }]);
    expect(await stored()).toEqual([]);
  });

  it('holds the cap over many workers at once, with one first refusal among them', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => payloads.keep([payload(noise(300)), payload(noise(300))], 1_200)),
    );
    const flat = outcomes.flat();
    expect(flat.filter(({ isFirstRefusal }) => isFirstRefusal)).toHaveLength(1);
    const { stored_bytes, kept, refused } = (await day()) ?? { stored_bytes: 0, kept: 0, refused: 0 };
    expect(stored_bytes).toBeLessThanOrEqual(1_200);
    expect([kept, refused]).toEqual([3, 13]);
    expect(await stored()).toHaveLength(3);
  });

  it('keeps the same bodies once when many workers bring them at once, in any order', async () => {
    const same = Array.from({ length: 20 }, (_, index) => payload(`{"price":${index}}`));
    await Promise.all(
      Array.from({ length: 6 }, (_, round) => payloads.keep(round % 2 === 0 ? same : [...same].reverse(), MEGABYTE)),
    );
    expect(await stored()).toHaveLength(20);
    expect(await day()).toMatchObject({ kept: 20 });
  });

  it('keeps a body of five megabytes', async () => {
    const large = payload(noise(4 * MEGABYTE));
    await payloads.keep([large], 16 * MEGABYTE);
    expect(await stored()).toMatchObject([{ bytes: large.body.length, text: large.body }]);
  });

  describe('dropping them', () => {
    it('drops bodies whose newest day is past, and no others', async () => {
      await payloads.keep([payload('old', '2025-02-01'), payload('again', '2025-02-01'), payload('new')], MEGABYTE);
      await payloads.keep([payload('again')], MEGABYTE);
      expect(await payloads.drop(DAY, 100)).toEqual({ payloads: 1, attempts: 0 });
      expect((await stored()).map(({ text }) => text).sort()).toEqual(['again', 'new']);
      expect(await day('2025-02-01')).toMatchObject({ dropped: true });
      expect(await day()).toMatchObject({ dropped: false });
      expect(await payloads.drop(DAY, 100)).toEqual({ payloads: 0, attempts: 0 });
    });

    it('drops the oldest first, and no more than it is told', async () => {
      await payloads.keep(
        [payload('b', '2025-02-02'), payload('a', '2025-02-01'), payload('c', '2025-02-03')],
        MEGABYTE,
      );
      expect(await payloads.drop(DAY, 2)).toMatchObject({ payloads: 2 });
      expect(await stored()).toMatchObject([{ text: 'c' }]);
    });

    it('drops failed attempts of those days with them', async () => {
      const midnight = Date.parse(`${DAY}T00:00:00Z`) / 1000;
      const failure = { sourceId: 1, batch: 'btc_usd', attempt: 1, errorKind: 'timeout', errorMessage: 'no answer' };
      await new AttemptRepository(database.pool).record([
        { ...failure, slot: midnight - 1 },
        { ...failure, slot: midnight },
      ]);
      expect(await payloads.drop(DAY, 100)).toEqual({ payloads: 0, attempts: 1 });
    });

    it('leaves a body alone that comes again at this moment', async () => {
      await payloads.keep([payload('frozen', '2025-02-01')], MEGABYTE);
      const worker = await database.pool.connect();
      await worker.query('BEGIN');
      await worker.query(`UPDATE payloads SET last_day = '${DAY}'`);
      expect(await payloads.drop(DAY, 100)).toMatchObject({ payloads: 0 });
      await worker.query('COMMIT');
      worker.release();
      expect(await stored()).toMatchObject([{ text: 'frozen', last_day: DAY }]);
    });
  });
});
