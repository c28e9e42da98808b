import type { BudgetAnswer } from '@app/domain';
import { SourceStateRepository, type SourceState } from '@app/storage';
import type { FetchJob } from '@app/queue';
import { plainAnswer, type AnswerHandler } from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { fetchState, planFetches, pricesOf, samplesOf } from '../../../../../test/builders/planned-fetch.js';
import { deribitBody, FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { PostponeFetchError, RetryFetchError } from './fetch-errors.js';

const PRICE = '87123.45';
const DERIBIT = 1;

describe('the job that fetches prices, towards a source', () => {
  let fixture: FetchFixture;
  let states: SourceStateRepository;
  let key: FetchJob;

  /** The right answer, made at the time of the job's clock. */
  const right: AnswerHandler = (request, response) =>
    plainAnswer(200, deribitBody(PRICE), { date: new Date(fixture.now()).toUTCString() })(request, response);

  let budget: BudgetAnswer;

  beforeEach(async () => {
    budget = { kind: 'granted' };
    fixture = await FetchFixture.start(undefined, { take: async () => budget, callsPerSecond: () => Infinity });
    states = new SourceStateRepository(fixture.database.pool);
    fixture.source.answerWith(right);
  });
  afterEach(() => fixture.stop());

  /** So many minutes of btc_usd are planned; the clock stands a tenth of a second into the first. */
  async function minutes(count: number): Promise<FetchJob[]> {
    key = await fixture.slot(60);
    const keys = [key];
    for (let minute = 1; minute < count; minute += 1) {
      keys.push(...(await planFetches(fixture.database.pool, key.slot + minute * 60)));
    }
    return keys;
  }

  /** Runs a fetch at the beginning of its slot, again and again as the queue would, until it has its outcome. */
  async function finish(one: FetchJob): Promise<void> {
    fixture.setClock(one.slot * 1000 + 100);
    for (;;) {
      try {
        return await fixture.run(one);
      } catch (error) {
        if (!(error instanceof RetryFetchError) && !(error instanceof PostponeFetchError)) throw error;
        fixture.setClock(fixture.now() + error.afterMs);
      }
    }
  }

  async function state(): Promise<SourceState | undefined> {
    return (await states.list()).find(({ sourceId }) => sourceId === DERIBIT);
  }

  const outcome = async (one: FetchJob) => {
    const [sample] = await samplesOf(fixture.database.pool, one.slot);
    return sample?.reason ?? sample?.outcome;
  };
  const calls = (): number => fixture.source.requests.length;

  describe('that asks to be left alone', () => {
    it.each([
      ['429 with seconds', 429, { 'retry-after': '90' }, 90],
      ['429 without a header', 429, {}, 60],
      ['429 with rubbish', 429, { 'retry-after': 'soon' }, 60],
      ['418 with seconds', 418, { 'retry-after': '120' }, 120],
      ['418 with more than an hour', 418, { 'retry-after': '259200' }, 3_600],
    ])(
      'by %s, makes no call until then, and ends the slots of that time at once',
      async (_how, status, headers, seconds) => {
        const [first, second, ...later] = await minutes(Math.ceil(seconds / 60) + 2);
        fixture.source.answerWith(plainAnswer(status, '', headers));
        await finish(first as FetchJob);
        expect(await outcome(first as FetchJob)).toBe('rate_limited');
        const saidAtMs = (await state())?.lastFailureAt?.getTime() ?? 0;
        expect((await state())?.pausedUntilMs).toBe(saidAtMs + seconds * 1000);
        fixture.source.answerWith(right);
        const afterwards = (later.at(-1) ?? second) as FetchJob;
        // The slot in whose window the pause ends is waited for; see below.
        await finish(second as FetchJob);
        expect(await outcome(second as FetchJob)).toBe(seconds > 60 ? 'paused' : 'accepted');
        await finish(afterwards);
        expect(await outcome(afterwards)).toBe('accepted');
        expect(log('source_paused')).toMatchObject([{ source: 'deribit' }]);
      },
    );

    it('by a date, waits for that date', async () => {
      const [first] = await minutes(1);
      const until = new Date((key.slot + 100) * 1000);
      fixture.source.answerWith(plainAnswer(429, '', { 'retry-after': until.toUTCString() }));
      await finish(first as FetchJob);
      expect(Math.abs(((await state())?.pausedUntilMs ?? 0) - until.getTime())).toBeLessThanOrEqual(1_000);
    });

    it('waits in the same slot when there will be time, without counting an attempt', async () => {
      const [first] = await minutes(1);
      await pauseUntil(key.slot * 1000 + 5_000);
      fixture.holdClock(key.slot * 1000 + 100);
      const error: unknown = await fixture.run(first as FetchJob).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PostponeFetchError);
      expect((error as PostponeFetchError).afterMs).toBe(4_900);
      expect(await fetchState(fixture.database.pool, first as FetchJob)).toMatchObject({
        status: 'queued',
        attempts: 0,
      });
      fixture.setClock(key.slot * 1000 + 5_001);
      await fixture.run(first as FetchJob);
      expect(await pricesOf(fixture.database.pool, key.slot)).toEqual({ btc_usd: PRICE });
    });

    it('keeps what its last call failed with when the pause outlasts the window', async () => {
      const [first] = await minutes(1);
      fixture.source.answerWith(plainAnswer(503, ''));
      await expect(fixture.run(first as FetchJob)).rejects.toThrow(RetryFetchError);
      await pauseUntil(key.slot * 1000 + 60_000);
      await fixture.run(first as FetchJob);
      expect(await outcome(first as FetchJob)).toBe('unavailable');
      expect(calls()).toBe(1);
    });

    it('twice without saying how long, is left alone for twice as long', async () => {
      const [first, , third] = await minutes(3);
      fixture.source.answerWith(plainAnswer(429, ''));
      await finish(first as FetchJob);
      await finish(third as FetchJob);
      const now = await state();
      expect((now?.pausedUntilMs ?? 0) - (now?.lastFailureAt?.getTime() ?? 0)).toBe(120_000);
      expect(calls()).toBe(2);
    });

    async function pauseUntil(ms: number): Promise<void> {
      await fixture.database.pool.query(
        `INSERT INTO source_states (source_id, paused_until) VALUES ($1, to_timestamp($2::float8 / 1000))
         ON CONFLICT (source_id) DO UPDATE SET paused_until = EXCLUDED.paused_until`,
        [DERIBIT, ms],
      );
    }
  });

  describe('that keeps failing', () => {
    it.each([
      ['with 503', plainAnswer(503, '')],
      ['with 500 and a page', plainAnswer(500, '<html>oops</html>')],
      ['with half a body', plainAnswer(200, '{"jsonrpc":"2.0","res')],
    ])(
      '%s, opens its circuit after five calls, asks it once afterwards, and goes on when that is answered',
      async (_how, answer) => {
        const [first, second, third, fourth] = await minutes(4);
        fixture.source.answerWith(answer);
        await finish(first as FetchJob);
        await finish(second as FetchJob);
        expect(calls()).toBe(5);
        expect(log('source_circuit_opened')).toMatchObject([{ source: 'deribit', failures: 5 }]);
        expect((await state())?.circuitOpenUntilMs).toBeGreaterThan((key.slot + 60) * 1000);
        // The probe fails while another source answers: longer.
        await states.noteSuccess(2, { atMs: (third as FetchJob).slot * 1000, latencyMs: 1 });
        await finish(third as FetchJob);
        expect(calls()).toBe(6);
        expect(await state()).toMatchObject({ circuitOpenings: 2 });
        fixture.source.answerWith(right);
        fixture.setClock(((fourth as FetchJob).slot + 5) * 1000);
        await fixture.run(fourth as FetchJob);
        expect(await outcome(fourth as FetchJob)).toBe('accepted');
        expect(await state()).toMatchObject({ circuitOpenings: 0, failures: 0, circuitOpenUntilMs: undefined });
        expect(log('source_recovered')).toHaveLength(1);
      },
    );

    it('says "circuit_open" of every slot meanwhile', async () => {
      const keys = await minutes(3);
      await fixture.database.pool.query(
        `INSERT INTO source_states (source_id, circuit_open_until, circuit_openings) VALUES ($1, to_timestamp($2), 1)`,
        [DERIBIT, key.slot + 600],
      );
      for (const one of keys) await finish(one);
      for (const one of keys) expect(await outcome(one)).toBe('circuit_open');
      expect(await fetchState(fixture.database.pool, key)).toMatchObject({ status: 'closed', attempts: 0 });
      expect(calls()).toBe(0);
    });

    it('does not count a call that began too late to end, and lets the next one be the probe', async () => {
      const [first] = await minutes(1);
      await fixture.database.pool.query(
        `INSERT INTO source_states (source_id, circuit_open_until, circuit_openings) VALUES ($1, to_timestamp($2), 1)`,
        [DERIBIT, key.slot - 1],
      );
      fixture.hang();
      fixture.setClock(key.slot * 1000 + 14_700);
      await fixture.run(first as FetchJob);
      expect(await outcome(first as FetchJob)).toBe('late');
      expect(await state()).toMatchObject({ circuitOpenings: 1, failures: 0, probingUntilMs: undefined });
    });

    it('waits a different time before each attempt', async () => {
      const [first] = await minutes(1);
      fixture.source.answerWith(plainAnswer(503, ''));
      const error: unknown = await fixture.run(first as FetchJob).catch((thrown: unknown) => thrown);
      expect((error as RetryFetchError).afterMs).toBeGreaterThanOrEqual(0);
      expect((error as RetryFetchError).afterMs).toBeLessThanOrEqual(2_000);
    });
  });

  describe('that refuses us', () => {
    it.each([
      [401, 'unauthorized'],
      [402, 'unauthorized'],
      [403, 'forbidden_region'],
      [451, 'forbidden_region'],
    ])('with %i, is asked twice and then not for minutes: %s', async (status, kind) => {
      const keys = await minutes(6);
      fixture.source.answerWith(plainAnswer(status, '{}'));
      for (const one of keys) await finish(one);
      expect(calls()).toBe(2);
      const outcomes = await Promise.all(keys.map(outcome));
      expect(outcomes).toEqual([kind, kind, 'circuit_open', 'circuit_open', 'circuit_open', 'circuit_open']);
      expect(await state()).toMatchObject({ circuitReason: kind });
    });
  });

  describe('that knows one ticker and not the other', () => {
    it('is asked for both in every slot', async () => {
      key = await fixture.slot(60, { ticker: 'btc_usd' }, { ticker: 'sol_usd' });
      fixture.source.answerWith((request, response) => {
        const unknown = plainAnswer(400, '{"error":{"code":-32602,"message":"Invalid params"}}');
        (request.url?.includes('sol_usd') === true ? unknown : right)(request, response);
      });
      for (let minute = 0; minute < 8; minute += 1) {
        const slot = key.slot + minute * 60;
        const keys =
          minute === 0
            ? ['btc_usd', 'sol_usd'].map((batch) => ({ ...key, batch }))
            : await planFetches(fixture.database.pool, slot);
        for (const one of keys) await finish(one);
        const samples = await samplesOf(fixture.database.pool, slot);
        expect(samples.map(({ outcome: had, reason }) => reason ?? had)).toEqual(['accepted', 'not_found']);
      }
      expect(log('source_circuit_opened')).toEqual([]);
    });
  });

  describe('whose limit or month is used up', () => {
    it.each([
      ['without credits', 'no_credits', { kind: 'no_credits' }],
      ['when its turn comes after the window', 'late', { kind: 'later', afterMs: 20_000 }],
    ] as const)('makes no call %s, and says %s', async (_when, reason, answer) => {
      const [first] = await minutes(1);
      budget = answer;
      await fixture.run(first as FetchJob);
      expect([calls(), await outcome(first as FetchJob)]).toEqual([0, reason]);
    });

    it('waits in the same slot when its turn comes in time, without counting an attempt', async () => {
      const [first] = await minutes(1);
      budget = { kind: 'later', afterMs: 3_000 };
      await expect(fixture.run(first as FetchJob)).rejects.toMatchObject({
        name: 'PostponeFetchError',
        afterMs: 3_000,
      });
      expect(await fetchState(fixture.database.pool, key)).toMatchObject({ status: 'queued', attempts: 0 });
      budget = { kind: 'granted' };
      await fixture.run(first as FetchJob);
      expect(await fetchState(fixture.database.pool, key)).toMatchObject({ status: 'answered', attempts: 1 });
    });

    it('tells what the source answered before, and not that it is too late for another call', async () => {
      const [first] = await minutes(1);
      fixture.source.answerWith(plainAnswer(500, ''));
      for (const afterMs of [0, 3_000, 20_000]) {
        if (afterMs > 0) budget = { kind: 'later', afterMs };
        await fixture.run(first as FetchJob).catch(() => undefined);
      }
      expect([calls(), await outcome(first as FetchJob)]).toEqual([1, 'unavailable']);
    });

    it('lets the next fetch be the probe when this one may not call', async () => {
      const [first] = await minutes(1);
      await fixture.database.pool.query(
        `INSERT INTO source_states (source_id, circuit_open_until, circuit_openings) VALUES ($1, to_timestamp($2), 1)`,
        [DERIBIT, key.slot - 1],
      );
      budget = { kind: 'no_credits' };
      await fixture.run(first as FetchJob);
      expect(await state()).toMatchObject({ circuitOpenings: 1, probingUntilMs: undefined });
    });
  });

  it('notes a call that hangs as a time-out', async () => {
    const [first] = await minutes(1);
    fixture.hang();
    await expect(fixture.run(first as FetchJob)).rejects.toThrow(RetryFetchError);
    expect(await state()).toMatchObject({ failures: 1, lastFailureKind: 'timeout', failingBatches: ['btc_usd'] });
  });

  it('asks for none that has no key, and says "circuit_open"', async () => {
    const [first] = await minutes(1);
    await states.noteKeys({ missing: [DERIBIT], present: [] });
    await fixture.run(first as FetchJob);
    expect(await outcome(first as FetchJob)).toBe('circuit_open');
    expect(calls()).toBe(0);
  });

  const log = (event: string) => fixture.log.of(event);
});
