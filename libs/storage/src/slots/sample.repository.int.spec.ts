import { resultAt, storeSamples, type SampleDraft } from '../../../../test/builders/stored-samples.js';
import {
  accepted,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SampleRepository, type Sample } from './sample.repository.js';

describe('storing samples', () => {
  let database: TestDatabase;
  let samples: SampleRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    samples = new SampleRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  const store = (given: Sample | readonly Sample[], draft?: SampleDraft, by = samples) =>
    storeSamples(by, given, draft);

  async function rows<T = Record<string, unknown>>(text: string): Promise<T[]> {
    return (await database.pool.query(text)).rows as T[];
  }

  const prices = () =>
    rows<{ slot: number; price: string; source_id: number }>(
      'SELECT slot, price::text, source_id FROM prices ORDER BY ticker_id, slot',
    );

  describe('of one source', () => {
    let tickerId: number;

    beforeEach(async () => {
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd' }));
    });

    test('keeps everything about the sample, its price and its fetch', async () => {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        batch: 'btc_usd',
        slot: NOON,
        status: 'running',
        attempts: 1,
        leaseUntilMs: NOON * 1000,
      });
      const sample = {
        ...accepted(tickerId, '87123.45'),
        raw: '8.712345e4',
        sourceTime: new Date(NOON * 1000 + 17),
        flags: 4,
        marketCap: '1700000000000.5',
        volume24h: '31000000000',
      };
      expect(await store(sample)).toEqual([{ tickerId, slot: NOON, price: '87123.45', sourceId: DERIBIT }]);
      expect(await rows('SELECT * FROM samples')).toEqual([
        {
          ticker_id: tickerId,
          slot: NOON,
          source_id: DERIBIT,
          outcome: 'accepted',
          reason: null,
          price: '87123.45',
          raw: '8.712345e4',
          source_time: new Date(NOON * 1000 + 17),
          requested_at: new Date(NOON * 1000 + 100),
          observed_at: new Date(NOON * 1000 + 412),
          batch: 'btc_usd',
          origin: 'live',
          revision: 0,
          stored_at: expect.any(Date) as Date,
          detail: null,
          inverted: false,
          rate: null,
          rate_ticker: null,
          rate_uncertainty: null,
          flags: 4,
          market_cap: '1700000000000.5',
          volume_24h: '31000000000',
        },
      ]);
      expect(await rows('SELECT slot, price, source_id, observed_at, flags, revision FROM prices')).toEqual([
        {
          slot: NOON,
          price: '87123.45',
          source_id: DERIBIT,
          observed_at: new Date(NOON * 1000 + 412),
          flags: 4,
          revision: 0,
        },
      ]);
      expect(await rows('SELECT status, lease_until, http_status, latency_ms FROM fetches')).toEqual([
        { status: 'answered', lease_until: null, http_status: 200, latency_ms: 312 },
      ]);
    });

    test.each([
      '1234567890123456789012345678901234567890',
      '0.123456789012345678901234567890123456789',
      '12345678901234567890.12345678901234567890',
      '1.500',
      '100.000000000000000000',
      '0.000000000000000001',
      '1000000000000',
    ])('gives %s back with exactly its digits everywhere', async (price) => {
      expect(await store(accepted(tickerId, price))).toMatchObject([{ price }]);
      for (const column of [
        'price FROM samples',
        'price FROM prices',
        'price FROM latest',
        'open AS price FROM candles',
        'close AS price FROM candles',
      ]) {
        expect(await rows(`SELECT ${column}`)).toEqual([{ price }]);
      }
    });

    test('the same twice changes nothing', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      const picture = () =>
        rows(`SELECT (SELECT json_agg(s) FROM samples s) AS s, (SELECT json_agg(p) FROM prices p) AS p, (SELECT json_agg(l) FROM latest l) AS l,
        (SELECT json_agg(c) FROM candles c) AS c, (SELECT json_agg(f) FROM fetches f) AS f`);
      await store(accepted(tickerId, '10'));
      const first = await picture();
      expect(await store(accepted(tickerId, '10'))).toEqual([]);
      expect(await picture()).toEqual(first);
    });

    test('a price is decided once: another answer for the slot changes nothing', async () => {
      await store(accepted(tickerId, '10'));
      expect(await store(accepted(tickerId, '99'))).toEqual([]);
      expect(await prices()).toEqual([{ slot: NOON, price: '10', source_id: DERIBIT }]);
      expect(await rows('SELECT price FROM samples')).toEqual([{ price: '10' }]);
    });

    const ends: Sample[] = [
      { tickerId: 0, outcome: 'rejected', reason: 'absurd', raw: '1e99' },
      { tickerId: 0, outcome: 'failed', reason: 'timeout' },
      { tickerId: 0, outcome: 'failed', reason: 'absent' },
      { tickerId: 0, outcome: 'missed', reason: 'late' },
    ];

    test.each(ends)('$outcome ($reason) is kept with its reason and makes no price', async (sample) => {
      expect(await store({ ...sample, tickerId })).toEqual([]);
      expect(await rows('SELECT outcome, reason, price FROM samples')).toEqual([
        { outcome: sample.outcome, reason: sample.reason, price: null },
      ]);
      expect(await prices()).toEqual([]);
      expect(await rows('SELECT * FROM latest')).toEqual([]);
    });

    test('what was called missed gives way to an answer that was stored late', async () => {
      await store(
        { tickerId, outcome: 'missed', reason: 'lost' },
        { result: { status: 'closed' }, nowSeconds: NOON + 25 },
      );
      expect(await store(accepted(tickerId, '10'), { nowSeconds: NOON + 90 })).toMatchObject([{ price: '10' }]);
      expect(await rows('SELECT outcome, reason, price, observed_at FROM samples')).toEqual([
        { outcome: 'accepted', reason: null, price: '10', observed_at: new Date(NOON * 1000 + 412) },
      ]);
    });

    test('what was called missed gives way to a failure too, and to no other miss', async () => {
      await store({ tickerId, outcome: 'missed', reason: 'not_taken' });
      await store({ tickerId, outcome: 'missed', reason: 'late' });
      expect(await rows('SELECT reason FROM samples')).toEqual([{ reason: 'not_taken' }]);
      await store({ tickerId, outcome: 'failed', reason: 'timeout' });
      expect(await rows('SELECT outcome, reason FROM samples')).toEqual([{ outcome: 'failed', reason: 'timeout' }]);
    });

    test.each(ends.filter(({ outcome }) => outcome === 'rejected'))(
      '$outcome ($reason) gives way to nothing',
      async (sample) => {
        await store({ ...sample, tickerId });
        await store(accepted(tickerId, '10'));
        await store({ tickerId, outcome: 'missed', reason: 'lost' });
        expect(await rows('SELECT outcome, reason FROM samples')).toEqual([
          { outcome: sample.outcome, reason: sample.reason },
        ]);
        expect(await prices()).toEqual([]);
      },
    );

    test.each(['answered', 'failed'] as const)(
      'a fetch that is %s is never called closed by one who came too late',
      async (status) => {
        await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
        const result = { ...resultAt(NOON, status), errorKind: status === 'failed' ? 'timeout' : undefined };
        await store(
          status === 'failed' ? { tickerId, outcome: 'failed', reason: 'timeout' } : accepted(tickerId, '1'),
          { result },
        );
        const before = await rows('SELECT * FROM fetches');
        await store({ tickerId, outcome: 'missed', reason: 'lost' }, { result: { status: 'closed' } });
        expect(await rows('SELECT * FROM fetches')).toEqual(before);
      },
    );

    test('text that Postgres cannot hold does not lose the sample', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      await store(
        { tickerId, outcome: 'rejected', reason: 'not_a_decimal', raw: '12\u0000\ud800' },
        { result: { ...resultAt(NOON, 'failed'), errorMessage: 'bad \u0000 news' } },
      );
      expect(await rows('SELECT raw FROM samples')).toEqual([{ raw: '12\ufffd\ufffd' }]);
      expect(await rows('SELECT error_message FROM fetches')).toEqual([{ error_message: 'bad \ufffd news' }]);
    });

    test('a slot outside every schedule gets its sample and no price', async () => {
      expect(await store(accepted(tickerId, '10'), { slot: NOON - 60 })).toEqual([]);
      expect(await prices()).toEqual([]);
    });

    test('rolls everything back when one part cannot be stored', async () => {
      await expect(store([accepted(tickerId, '10'), accepted(tickerId + 1, '-1')])).rejects.toMatchObject({
        code: '23514',
      });
      expect(await rows('SELECT * FROM samples')).toEqual([]);
    });

    test('a fetch of no ticker at all is finished all the same', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      expect(await store([])).toEqual([]);
      expect(await rows('SELECT status FROM fetches')).toEqual([{ status: 'answered' }]);
    });
  });
});
