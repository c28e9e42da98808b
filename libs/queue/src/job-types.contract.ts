import { randomUUID } from 'node:crypto';
import type { Job, Queue } from 'bullmq';
import { z } from 'zod';
import { openQueue } from '../../../test/support/queue-fixture.js';
import { eventually } from '../../../test/support/processes.js';
import { addJobs } from './add-jobs.js';
import { QueueCleaner, type QueueCleanerOptions } from './clean-queue.js';
import { jobType, newJob, PostponedJobError, type HandlersOf, type JobContext } from './job-type.js';
import { JobWorker } from './job-worker.js';
import { FETCH_PRICES, fetchJob } from './jobs.js';
import type { QueueStore } from './queue-address.js';

const countingSchema = z.object({ name: z.string(), from: z.int(), to: z.int() });
type Counting = z.infer<typeof countingSchema>;

/** A type of job that is only declared: nothing else in the product knows it. */
const COUNT_UP = jobType<Counting>({
  name: 'count-up',
  data: countingSchema,
  queue: () => 'unused',
  id: ({ name }) => `count-${name}`,
  attempts: 2,
  retryAfterMs: (attempts) => attempts * 100,
  priority: 5,
  staleAfterSeconds: 3_600,
});
const TYPES = { 'fetch-prices': FETCH_PRICES, 'count-up': COUNT_UP } as const;

const FOREVER = jobType<Counting>({
  ...COUNT_UP,
  name: 'for-ever',
  id: ({ name }) => `ever-${name}`,
  staleAfterSeconds: 'never',
});

const FETCH = { sourceId: 1, source: 'deribit', batch: 'btc_usd', slot: 1_766_000_000 };

/** What every queue store must do for jobs of whatever type, beside each other in one queue. */
export function itRunsEveryType(store: () => QueueStore): void {
  let queue: Queue;
  let worker: JobWorker<typeof TYPES> | undefined;
  let failures: string[];

  beforeEach(() => {
    queue = openQueue(store(), `spec-${randomUUID()}`);
    failures = [];
  });
  afterEach(async () => {
    await worker?.end(0);
    worker = undefined;
    await queue.obliterate({ force: true });
    await queue.close();
  });

  function work(handlers: Partial<HandlersOf<typeof TYPES>>): JobWorker<typeof TYPES> {
    const prepared = prepare(handlers);
    prepared.run();
    return prepared;
  }

  function prepare(handlers: Partial<HandlersOf<typeof TYPES>>): JobWorker<typeof TYPES> {
    worker = new JobWorker({
      ...{ queue: queue.name, store: store(), types: TYPES, concurrency: 1 },
      handlers: { 'fetch-prices': async () => undefined, 'count-up': async () => undefined, ...handlers },
      events: {
        failed: (_job, error) => failures.push(error.message),
        error: () => undefined,
        stalled: () => undefined,
      },
    });
    return worker;
  }

  const counting = (name: string, more: Partial<Counting> = {}): Counting => ({ name, from: 0, to: 3, ...more });
  const until = (what: string, isSo: () => boolean | Promise<boolean>): Promise<true> =>
    eventually(what, 15_000, async () => ((await isSo()) ? true : undefined));
  const waiting = (): Promise<number> => queue.getJobCountByTypes('wait', 'prioritized', 'delayed', 'active');

  const signal = new AbortController().signal;
  /** Cleans the queue once, as if it were so much later. */
  const clean = (options: QueueCleanerOptions, laterSeconds: number): Promise<void> =>
    new QueueCleaner(queue, options).clean({ signal, nowMs: Date.now() + laterSeconds * 1000 });

  test('each job is run by the handler of its type, those of the smaller number first', async () => {
    await addJobs(queue, [newJob(COUNT_UP, counting('a')), fetchJob(FETCH, 1)]);
    const ran: string[] = [];
    work({
      'count-up': async ({ name }) => void ran.push(`count ${name}`),
      'fetch-prices': async ({ batch }) => void ran.push(`fetch ${batch}`),
    });
    await until('both', () => ran.length === 2);
    expect(ran).toEqual(['fetch btc_usd', 'count a']);
  });

  test('a job that fails comes again when its type says, as often as it says', async () => {
    const attempts: number[] = [];
    await addJobs(queue, [newJob(COUNT_UP, counting('a'))]);
    work({
      'count-up': async (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error('cannot count');
      },
    });
    await until('the last failure', () => failures.length === 2);
    expect(attempts).toEqual([1, 2]);
    expect(failures).toEqual(['cannot count', 'cannot count']);
  });

  test('a job of a type or a version that is not known fails for good with a sentence, and the next is run', async () => {
    const ran: string[] = [];
    await queue.add('dance', {}, { jobId: 'dance', attempts: 3 });
    await queue.add('count-up', { name: 'a' }, { jobId: 'old', attempts: 3 });
    await addJobs(queue, [newJob(COUNT_UP, counting('a'))]);
    work({ 'count-up': async ({ name }) => void ran.push(name) });
    await until('the next', () => ran.length === 1);
    expect(failures).toEqual([
      'this build knows no job of type dance: it is of another version',
      'a job count-up of another version, with data {"name":"a"}',
    ]);
    expect(await queue.getJobCounts('failed')).toEqual({ failed: 2 });
  });

  test('a long job that is drained keeps what it has come to, gives itself back, and goes on elsewhere from there', async () => {
    const counted: number[] = [];
    const count = async (data: Counting, { ending, checkpoint }: JobContext<Counting>): Promise<void> => {
      for (let from = data.from; from < data.to; from += 1) {
        if (ending.aborted) throw new PostponedJobError('the process ends', 0);
        counted.push(from);
        await checkpoint({ ...data, from: from + 1 });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await addJobs(queue, [newJob(COUNT_UP, counting('a', { to: 40 }))]);
    const first = work({ 'count-up': count });
    await until('the first numbers', () => counted.length >= 2);
    await first.end(5_000);
    const before = counted.length;
    expect(before).toBeLessThan(40);
    expect(await waiting()).toBe(1);
    work({ 'count-up': count });
    await until('all numbers', () => counted.length >= 40);
    expect(counted).toEqual([...Array(40).keys()]);
    expect(failures).toEqual([]);
  });

  test('a job that does not heed the end is aborted when its time is over', async () => {
    await addJobs(queue, [newJob(COUNT_UP, counting('a'), 1)]);
    let isRunning = false;
    const stubborn = work({
      'count-up': (_, { signal }) =>
        new Promise((_resolve, reject) => {
          isRunning = true;
          signal.addEventListener('abort', () => reject(new Error('given up')));
        }),
    });
    await until('the job', () => isRunning);
    await stubborn.end(100);
    expect(failures).toEqual(['given up']);
  });

  test('a paused worker takes no job of any type, and takes them when it is resumed', async () => {
    const ran: string[] = [];
    const paused = work({
      'count-up': async () => void ran.push('count'),
      'fetch-prices': async () => void ran.push('fetch'),
    });
    await addJobs(queue, [fetchJob({ ...FETCH, batch: 'first' }, 1)]);
    await until('a first job', () => ran.length === 1);
    paused.pause();
    await addJobs(queue, [newJob(COUNT_UP, counting('a')), fetchJob(FETCH, 1)]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ran).toEqual(['fetch']);
    paused.resume();
    await until('the others', () => ran.length === 3);
  });

  test('a worker that is paused before it runs takes no job, and begins when it is resumed', async () => {
    const ran: string[] = [];
    const paused = prepare({ 'fetch-prices': async () => void ran.push('fetch') });
    paused.pause();
    paused.run();
    await addJobs(queue, [fetchJob(FETCH, 1)]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ran).toEqual([]);
    expect(await waiting()).toBe(1);
    paused.resume();
    await until('the job', () => ran.length === 1);
  });

  test('the clean-up leaves every job alone until it has waited for as long as its own type allows', async () => {
    const types = { ...TYPES, 'for-ever': FOREVER };
    await addJobs(queue, [newJob(COUNT_UP, counting('a')), newJob(FOREVER, counting('b')), fetchJob(FETCH, 1)]);
    await queue.add('dance', {}, { jobId: 'dance' });
    const left = async (): Promise<string[]> =>
      (await queue.getJobs(['wait', 'prioritized'])).map(({ name }: Job) => name).sort();
    const afterSeconds = (seconds: number): Promise<void> => clean({ types }, seconds);
    await afterSeconds(50);
    expect(await left()).toEqual(['count-up', 'dance', 'fetch-prices', 'for-ever']);
    await afterSeconds(61);
    expect(await left()).toEqual(['count-up', 'dance', 'for-ever']);
    await afterSeconds(3_590);
    expect(await left()).toEqual(['count-up', 'dance', 'for-ever']);
    await afterSeconds(3_601);
    expect(await left()).toEqual(['dance', 'for-ever']);
    await afterSeconds(1e9);
    expect(await left()).toEqual(['dance', 'for-ever']);
  });

  test('a queue full of other jobs does not keep the clean-up from those that are stale', async () => {
    const types = { ...TYPES, 'for-ever': FOREVER };
    await addJobs(
      queue,
      Array.from({ length: 700 }, (_, index) => newJob({ ...FOREVER, priority: 0 }, counting(String(index)))),
    );
    await addJobs(queue, [fetchJob(FETCH, 1)]);
    await clean({ types }, 61);
    expect(await queue.getJob(FETCH_PRICES.id(FETCH))).toBeUndefined();
    expect(await queue.getJobCountByTypes('wait', 'prioritized')).toBe(700);
  });

  const staleFetches = (count: number): Promise<void> =>
    addJobs(
      queue,
      Array.from({ length: count }, (_, slot) => fetchJob({ ...FETCH, slot }, 1)),
    );

  test('the clean-up goes on until every stale job is gone, however many there are', async () => {
    await staleFetches(1_200);
    await addJobs(queue, [newJob(COUNT_UP, counting('a'))]);
    await clean({ types: TYPES, withinMs: 25_000 }, 61);
    expect((await queue.getJobs(['wait', 'prioritized'])).map(({ name }) => name)).toEqual(['count-up']);
  });

  test('the clean-up goes on behind the jobs that it has looked at when its time was over, and then from the beginning', async () => {
    const forEver = (from: number): Promise<void> =>
      addJobs(
        queue,
        Array.from({ length: 60 }, (_, index) => newJob({ ...FOREVER, priority: 0 }, counting(String(from + index)))),
      );
    await forEver(0);
    await staleFetches(30);
    await forEver(60);
    // One page each time.
    const cleaner = new QueueCleaner(queue, { types: { ...TYPES, 'for-ever': FOREVER }, withinMs: 0 });
    const leftAfter = async (goes: number): Promise<number> => {
      for (let go = 0; go < goes; go += 1) await cleaner.clean({ signal, nowMs: Date.now() + 61_000 });
      return queue.getJobCountByTypes('wait');
    };
    expect(await leftAfter(1)).toBe(150);
    expect(await leftAfter(1)).toBe(120);
    expect(await leftAfter(2)).toBe(120);
    await staleFetches(5);
    expect(await leftAfter(4)).toBe(120);
  });

  test('the clean-up removes nothing more when the process ends', async () => {
    await staleFetches(40);
    const ending = new AbortController();
    const getJobs = queue.getJobs.bind(queue);
    queue.getJobs = async (...asked) => {
      const jobs = await getJobs(...asked);
      ending.abort(new Error('the process ends'));
      return jobs;
    };
    const cleaner = new QueueCleaner(queue, { types: TYPES });
    const cleaning = cleaner.clean({ signal: ending.signal, nowMs: Date.now() + 61_000 });
    await expect(cleaning).rejects.toThrow('the process ends');
    expect(await queue.getJobCountByTypes('wait')).toBe(40);
  });
}
