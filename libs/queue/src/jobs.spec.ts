import { backoffOf, LOCKS } from './job-worker.js';
import type { HandlersOf } from './job-type.js';
import { FETCH_PRICES, fetchJob, JOBS, fetchJobSchema, SOURCE_JOBS, sourceQueueName, type FetchJob } from './jobs.js';

const FETCH: FetchJob = { sourceId: 1, source: 'deribit', batch: 'btc_usd', slot: 1_766_000_000 };

describe('fetch jobs', () => {
  test('carry the key of their row and nothing else', () => {
    const planned = { ...FETCH, deadline: 1_766_000_015, maxAttempts: 3 };
    const job = fetchJob(planned, 3);
    expect(job).toMatchObject({
      name: FETCH_PRICES.name,
      data: FETCH,
      opts: { jobId: 'btc_usd-1766000000', attempts: 3, removeOnComplete: true },
    });
    expect(fetchJobSchema.parse(job.data)).toEqual(FETCH);
  });

  test.each(['btc_usd', 'coins', 'a-b', 'x'])(
    'have an id that the queue takes, for batch %s: no colon, and no bare number',
    (batch) => {
      const id = fetchJob({ ...FETCH, batch }, 1).opts.jobId ?? '';
      expect(id).not.toContain(':');
      expect(Number.isNaN(Number(id))).toBe(true);
    },
  );

  test('of different batches or slots have different ids', () => {
    const ids = ['a', 'b', 'a-1'].flatMap((batch) =>
      [60, 120].map((slot) => fetchJob({ ...FETCH, batch, slot }, 1).opts.jobId),
    );
    expect(new Set(ids).size).toBe(6);
  });

  test('each source has a queue of its own', () => {
    expect(sourceQueueName('deribit')).toBe('prices-deribit');
    expect(sourceQueueName('coingecko')).not.toBe(sourceQueueName('deribit'));
  });

  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['no slot', { sourceId: 1, source: 'deribit', batch: 'btc_usd' }],
    ['a slot in text', { ...FETCH, slot: '1766000000' }],
    ['half a slot', { ...FETCH, slot: 1.5 }],
    ['a source without an id', { ...FETCH, sourceId: 0 }],
    ['no batch', { ...FETCH, batch: undefined }],
    ['names of another version', { source_id: 1, tickers: ['btc_usd'], timestamp: 1 }],
  ])('of another version, with %s, are refused', (_what, data) => {
    expect(fetchJobSchema.safeParse(data).success).toBe(false);
  });

  test('wait a second before the next attempt, or as long as the error says', () => {
    const backoff = backoffOf(JOBS);
    const retry = (error?: Error): number => backoff(1, 'x', error, { name: FETCH_PRICES.name });
    expect(retry(new Error('plain'))).toBe(1_000);
    expect(retry()).toBe(1_000);
    expect(retry(Object.assign(new Error('asked to wait'), { afterMs: 4_200 }))).toBe(4_200);
    expect(retry(Object.assign(new Error('asked to hurry'), { afterMs: 9.5 }))).toBe(10);
    expect(retry(Object.assign(new Error('past'), { afterMs: -1 }))).toBe(0);
    expect(retry(Object.assign(new Error('odd'), { afterMs: 'soon' }))).toBe(1_000);
  });

  test('of a type without a handler do not compile', () => {
    // @ts-expect-error `npm run types` would say so if this compiled.
    const handlers: HandlersOf<typeof SOURCE_JOBS> = {};
    expect(handlers).toEqual({});
  });

  test('of a killed worker are taken up within five seconds', () => {
    expect(LOCKS.lockDuration + LOCKS.stalledInterval).toBeLessThan(5_000);
  });
});
