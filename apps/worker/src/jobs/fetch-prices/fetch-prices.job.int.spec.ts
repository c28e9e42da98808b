import { fetchState, pricesOf, samplesOf } from '../../../../../test/builders/planned-fetch.js';
import { deribitBody, FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { eventually } from '../../../../../test/support/processes.js';
import { plainAnswer } from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { CALL_TIMEOUT_MS } from './call-time.js';
import { RetryFetchError } from './fetch-errors.js';
import { FetchPricesJob } from './fetch-prices.job.js';

const PRICE = '87123.4500';

describe('the job that fetches prices', () => {
  let fixture: FetchFixture;

  beforeEach(async () => {
    fixture = await FetchFixture.start();
    fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE)));
  });
  afterEach(async () => {
    await fixture.stop();
  });

  describe('when the source answers', () => {
    it('stores the price with exactly its digits, and acknowledges it', async () => {
      const key = await fixture.slot(60);
      await fixture.run(key);
      expect(await samples(key)).toEqual([
        { ticker: 'btc_usd', outcome: 'accepted', reason: null, price: PRICE, raw: PRICE },
      ]);
      expect(await prices(key)).toEqual({ btc_usd: PRICE });
      expect(await state(key)).toEqual({ status: 'answered', attempts: 1, error_kind: null, http_status: 200 });
      expect(fixture.log.of('sample_stored')).toMatchObject([
        {
          source: 'deribit',
          ticker: 'btc_usd',
          slot: key.slot,
          job: `btc_usd-${key.slot}`,
          outcome: 'accepted',
          price: PRICE,
          served: true,
        },
      ]);
    });

    it.each([
      ['0', 'not_positive'],
      ['-87123.45', 'not_positive'],
      ['1e13', 'absurd'],
      ['1e-19', 'absurd'],
    ])('files no price for %s: %s', async (text, reason) => {
      const key = await fixture.slot(60);
      fixture.source.answerWith(plainAnswer(200, deribitBody(text)));
      await fixture.run(key);
      expect(await samples(key)).toMatchObject([{ outcome: 'rejected', reason, price: null, raw: text }]);
      expect(await prices(key)).toEqual({});
      expect(await state(key)).toMatchObject({ status: 'answered', attempts: 1 });
    });

    it('names the ticker of a batch that the answer leaves out', async () => {
      const key = await fixture.slot(60, inBatch('btc_usd', 'bitcoin'), inBatch('eth_usd', 'ethereum'));
      fixture.source.answerWith(plainAnswer(200, '{"bitcoin":{"usd":87123.45}}'));
      await fixture.run(key);
      expect(await samples(key)).toMatchObject([
        { ticker: 'btc_usd', outcome: 'accepted', price: '87123.45' },
        { ticker: 'eth_usd', outcome: 'failed', reason: 'absent', price: null },
      ]);
      expect(await prices(key)).toEqual({ btc_usd: '87123.45' });
      expect(fixture.source.requests).toHaveLength(1);
    });

    it('files no price when the answer comes after the window', async () => {
      const key = await fixture.slot(60);
      fixture.source.answerWith((request, response) => {
        fixture.setClock(key.slot * 1000 + 15_000);
        plainAnswer(200, deribitBody(PRICE))(request, response);
      });
      await fixture.run(key);
      expect(await samples(key)).toEqual([
        { ticker: 'btc_usd', outcome: 'missed', reason: 'late', price: null, raw: null },
      ]);
      expect(await prices(key)).toEqual({});
    });

    it('acknowledges nothing before the commit', async () => {
      const key = await fixture.slot(60);
      const other = await fixture.database.pool.connect();
      await other.query('BEGIN');
      await other.query('SELECT pg_advisory_xact_lock((id::bigint << 34) | $1) FROM tickers', [key.slot]);
      const running = fixture.run(key);
      await waitingForLock();
      expect(fixture.log.of('sample_stored')).toEqual([]);
      await other.query('COMMIT');
      other.release();
      await running;
      expect(fixture.log.of('sample_stored')).toHaveLength(1);
    });

    it('acknowledges nothing that could not be stored', async () => {
      const key = await fixture.slot(60);
      await fixture.database.pool.query('ALTER TABLE samples RENAME TO samples_away');
      await expect(fixture.run(key)).rejects.toThrow('samples');
      expect(fixture.log.of('sample_stored')).toEqual([]);
    });
  });

  describe('when the source fails', () => {
    it('tries again in the same window, and counts both calls', async () => {
      const key = await fixture.slot(60);
      fixture.source.answerWith(plainAnswer(503, 'busy'));
      await expect(fixture.run(key)).rejects.toThrow(RetryFetchError);
      expect(await state(key)).toMatchObject({ status: 'retry', attempts: 1, error_kind: 'unavailable' });
      expect(await samples(key)).toEqual([]);
      fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE)));
      await fixture.run(key);
      expect(await state(key)).toEqual({ status: 'answered', attempts: 2, error_kind: null, http_status: 200 });
      expect(await prices(key)).toEqual({ btc_usd: PRICE });
      expect(fixture.source.requests).toHaveLength(2);
    });

    it('gives up with the last attempt', async () => {
      const key = await fixture.slot(60);
      fixture.source.answerWith(plainAnswer(503, 'busy'));
      for (let attempt = 1; attempt < 3; attempt += 1) await expect(fixture.run(key)).rejects.toThrow(RetryFetchError);
      await fixture.run(key);
      expect(await state(key)).toEqual({ status: 'failed', attempts: 3, error_kind: 'unavailable', http_status: 503 });
      expect(await samples(key)).toMatchObject([{ outcome: 'failed', reason: 'unavailable' }]);
      await fixture.run(key);
      expect(fixture.source.requests).toHaveLength(3);
    });

    it.each([
      ['the interval is below 5 s', 4, 100, plainAnswer(503, '')],
      ['the window is about to end', 60, 14_000, plainAnswer(503, '')],
      ['the source wants more time than there is', 60, 5_000, plainAnswer(429, '', { 'retry-after': '11' })],
      ['it would fail again', 60, 100, plainAnswer(400, '{"error":{"code":-32602,"message":"Invalid params"}}')],
    ])('does not try again when %s', async (_why, intervalSeconds, sinceSlotMs, answer) => {
      const key = await fixture.slot(intervalSeconds);
      fixture.holdClock(key.slot * 1000 + sinceSlotMs);
      fixture.source.answerWith(answer);
      await fixture.run(key);
      expect(await state(key)).toMatchObject({ status: 'failed', attempts: 1 });
      expect(await samples(key)).toMatchObject([{ outcome: 'failed' }]);
    });

    it('says in which time the source wants to be asked again', async () => {
      const key = await fixture.slot(60);
      fixture.holdClock(key.slot * 1000 + 100);
      fixture.source.answerWith(plainAnswer(429, '', { 'retry-after': '3' }));
      const error: unknown = await fixture.run(key).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RetryFetchError);
      expect((error as RetryFetchError).afterMs).toBe(3_000);
    });

    it('ends a hanging call, also when its window is shorter than a call may take', async () => {
      const key = await fixture.slot(2);
      fixture.setClock(key.slot * 1000 + 100);
      fixture.hang();
      await fixture.run(key);
      expect(fixture.now()).toBeLessThan(key.slot * 1000 + 2 * CALL_TIMEOUT_MS);
      expect(await state(key)).toMatchObject({ status: 'failed', error_kind: 'timeout' });
      expect(await samples(key)).toMatchObject([{ outcome: 'failed', reason: 'timeout' }]);
    });

    it('does not blame the source for a call that began too late to end', async () => {
      const key = await fixture.slot(60);
      fixture.setClock(key.slot * 1000 + 14_700);
      fixture.hang();
      await fixture.run(key);
      expect(await state(key)).toMatchObject({ status: 'closed', attempts: 1 });
      expect(await samples(key)).toMatchObject([{ outcome: 'missed', reason: 'late' }]);
    });

    it('ends a hanging call long before a long window does, so that there is time for another', async () => {
      const key = await fixture.slot(60);
      fixture.hang();
      const startedMs = fixture.now();
      await expect(fixture.run(key)).rejects.toThrow(RetryFetchError);
      expect(fixture.now() - startedMs).toBeGreaterThanOrEqual(CALL_TIMEOUT_MS);
      expect(fixture.now()).toBeLessThan((key.slot + 15) * 1000);
      expect(await state(key)).toMatchObject({ status: 'retry', attempts: 1, error_kind: 'timeout' });
    });

    it('gives the fetch back when the process ends, and another worker finishes it', async () => {
      const key = await fixture.slot(60);
      const shutdown = new AbortController();
      fixture.source.answerWith(() => shutdown.abort());
      await expect(fixture.run(key, { signal: shutdown.signal })).rejects.toThrow(RetryFetchError);
      expect(await state(key)).toMatchObject({ status: 'retry', attempts: 1, error_kind: null });
      fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE)));
      await fixture.run(key);
      expect(await prices(key)).toEqual({ btc_usd: PRICE });
    });
  });

  describe('when it is taken at the wrong time', () => {
    it.each([
      ['at the end of the window', 60, 15_000],
      ['at the end of a short interval', 2, 2_000],
      ['an hour later', 60, 3_600_000],
    ])('makes no call %s, and says that it was late', async (_when, intervalSeconds, sinceSlotMs) => {
      const key = await fixture.slot(intervalSeconds);
      fixture.setClock(key.slot * 1000 + sinceSlotMs);
      await fixture.run(key);
      expect(fixture.source.requests).toEqual([]);
      expect(await samples(key)).toMatchObject([{ outcome: 'missed', reason: 'late' }]);
      expect(await state(key)).toMatchObject({ status: 'closed', attempts: 0 });
    });

    it('waits for a slot that has not begun by its own clock', async () => {
      const key = await fixture.slot(60);
      fixture.setClock(key.slot * 1000 - 200);
      let askedAtMs = 0;
      fixture.source.answerWith((request, response) => {
        askedAtMs = fixture.now();
        plainAnswer(200, deribitBody(PRICE))(request, response);
      });
      await fixture.run(key);
      expect(askedAtMs).toBeGreaterThanOrEqual(key.slot * 1000);
      expect(await prices(key)).toEqual({ btc_usd: PRICE });
    });

    it('makes no call a millisecond before its slot when the system wakes it too early', async () => {
      const key = await fixture.slot(60);
      fixture.setClock(key.slot * 1000 - 60);
      // A timer's 60 ms are 59 by this clock, as happens when the two count from different fractions of a millisecond.
      const woken = Date.now() + 62;
      const now = (): number => Math.min(fixture.now(), Date.now() < woken ? key.slot * 1000 - 1 : Infinity);
      const asked: number[] = [];
      const client = {
        fetch: async () => {
          asked.push(now());
          throw new Error('asked');
        },
      };
      const claim = async () => ({ kind: 'claimed', attempt: 1, deadline: key.slot + 15, members: [{}] });
      const job = new FetchPricesJob({ fetches: { claim }, client, now, logger: fixture.log.logger } as never);
      const run = job.run({} as never, key, { isTakenOver: false, signal: new AbortController().signal });
      await expect(run).rejects.toThrow('asked');
      expect(asked[0]).toBeGreaterThanOrEqual(key.slot * 1000);
    });

    it('stops waiting for its slot when the process ends', async () => {
      const key = await fixture.slot(60);
      fixture.setClock(key.slot * 1000 - 60_000);
      const shutdown = new AbortController();
      const run = fixture.run(key, { signal: shutdown.signal });
      shutdown.abort();
      await expect(run).rejects.toThrow();
      expect(await state(key)).toMatchObject({ status: 'queued', attempts: 0 });
    });
  });

  describe('when another worker had it', () => {
    it('leaves it to a worker that still has it in hand', async () => {
      const key = await fixture.slot(60);
      await fixture.abandon(key, { leaseEndsMs: fixture.now() + 3_000 });
      await fixture.run(key);
      expect(fixture.source.requests).toEqual([]);
      expect(await samples(key)).toEqual([]);
      expect(await state(key)).toMatchObject({ status: 'running', attempts: 1 });
    });

    it.each([
      ['whose lease has ended', { isTakenOver: false, leaseMs: -1 }],
      ['that the queue knows to be gone', { isTakenOver: true, leaseMs: 3_000 }],
    ])('takes over from one %s, and counts the call', async (_which, { isTakenOver, leaseMs }) => {
      const key = await fixture.slot(60);
      await fixture.abandon(key, { leaseEndsMs: fixture.now() + leaseMs });
      await fixture.run(key, { isTakenOver });
      expect(await state(key)).toMatchObject({ status: 'answered', attempts: 2 });
      expect(await prices(key)).toEqual({ btc_usd: PRICE });
    });

    it('says that it was lost when nobody reported and no attempt is left', async () => {
      const key = await fixture.slot(4);
      await fixture.abandon(key, { leaseEndsMs: fixture.now() - 1 });
      await fixture.run(key);
      expect(fixture.source.requests).toEqual([]);
      expect(await samples(key)).toMatchObject([{ outcome: 'missed', reason: 'lost' }]);
      expect(await state(key)).toMatchObject({ status: 'closed', attempts: 1 });
    });

    it('says that it was lost, and not late, when somebody had begun it before the window ended', async () => {
      const key = await fixture.slot(60);
      await fixture.abandon(key, { leaseEndsMs: fixture.now() });
      fixture.setClock(key.slot * 1000 + 20_000);
      await fixture.run(key);
      expect(await samples(key)).toMatchObject([{ outcome: 'missed', reason: 'lost' }]);
    });

    it('keeps what the last attempt failed with when its window ends before another', async () => {
      const key = await fixture.slot(60);
      fixture.source.answerWith(plainAnswer(503, ''));
      await expect(fixture.run(key)).rejects.toThrow(RetryFetchError);
      fixture.setClock(key.slot * 1000 + 15_000);
      await fixture.run(key);
      expect(await samples(key)).toMatchObject([{ outcome: 'failed', reason: 'unavailable' }]);
    });

    it('calls nobody for a fetch that has its outcome, or that was never planned', async () => {
      const key = await fixture.slot(60);
      await fixture.run(key);
      await fixture.run(key);
      await fixture.run({ ...key, slot: key.slot - 60 });
      expect(fixture.source.requests).toHaveLength(1);
      expect(fixture.log.of('sample_stored')).toHaveLength(1);
    });

    it('calls once for many workers that take it at the same time', async () => {
      const key = await fixture.slot(60);
      await Promise.all(Array.from({ length: 6 }, () => fixture.run(key)));
      expect(fixture.source.requests).toHaveLength(1);
      expect(await state(key)).toMatchObject({ status: 'answered', attempts: 1 });
    });
  });

  const samples = (key: { slot: number }) => samplesOf(fixture.database.pool, key.slot);
  const prices = (key: { slot: number }) => pricesOf(fixture.database.pool, key.slot);
  const state = (key: Parameters<typeof fetchState>[1]) => fetchState(fixture.database.pool, key);

  function inBatch(ticker: string, sourceSymbol: string) {
    return { ticker, sources: [{ sourceId: 2, sourceSymbol, batch: 'all' }] };
  }

  /** Resolves when the job's store waits for somebody else's lock. */
  async function waitingForLock(): Promise<void> {
    await eventually('the store to wait for the lock', 10_000, async () => {
      const { rowCount } = await fixture.database.pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tidemark-fixture' AND wait_event_type = 'Lock'`,
      );
      return rowCount === 1 ? true : undefined;
    });
  }
});
