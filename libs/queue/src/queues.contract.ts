import { randomUUID } from 'node:crypto';
import { Queue, UnrecoverableError, Worker, type Job, type WorkerOptions } from 'bullmq';
import { CuttableProxy } from '../../../test/support/cuttable-proxy.js';
import { eventually } from '../../../test/support/processes.js';
import { cleanQueue } from './clean-queue.js';
import { addFetchJobs, fetchJob, fetchWorkerOptions } from './fetch-jobs.js';
import { queueStoreOf, type QueueStore } from './queue-address.js';
import { producerOptions, useQueueStore, workerOptions } from './queue-store.js';
import { ensureWakeUps, WAKE_JOB, wakeWorkerOptions } from './wake-jobs.js';

const SLOT = 1_766_000_000;

/** A job that fails or hangs in a test answers within this time, in milliseconds, or never. */
const LIMIT_MS = 15_000;

/** A queue store of a suite: where it is, and how to leave it. */
export interface StoreUnderTest {
  readonly store: QueueStore;
  readonly leave: () => Promise<void>;
}

/** What every queue store must do for us. */
export function itCarriesTheQueue(enter: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;
  let store: QueueStore;
  let queue: Queue;
  let workers: Worker[];
  let queues: Queue[];

  beforeAll(async () => {
    under = await enter();
    ({ store } = under);
  });
  afterAll(() => under.leave());
  beforeEach(() => {
    useQueueStore(store);
    [workers, queues] = [[], []];
    queue = open(`spec-${randomUUID()}`);
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close(true)));
    await queue.obliterate({ force: true });
    await Promise.all(queues.map((one) => one.close()));
  });

  function open(name: string, at = store): Queue {
    const opened = new Queue(name, producerOptions(at));
    opened.on('error', () => undefined);
    queues.push(opened);
    return opened;
  }

  function work(
    processor: (job: Job) => Promise<unknown>,
    options: Partial<WorkerOptions> = fetchWorkerOptions,
  ): Worker {
    const worker = new Worker(queue.name, processor, { ...options, ...workerOptions(store, 2) });
    worker.on('error', () => undefined);
    workers.push(worker);
    return worker;
  }

  async function add(slot = SLOT, maxAttempts = 3): Promise<void> {
    await addFetchJobs(queue, [fetchJob({ sourceId: 1, source: 'deribit', batch: 'btc_usd', slot }, maxAttempts)]);
  }

  function jobOf(batch: string) {
    return fetchJob({ sourceId: 1, source: 'deribit', batch, slot: 60 }, 1);
  }

  function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    return eventually(what, LIMIT_MS, ask);
  }

  /** Waits until so many jobs stand in the given state. */
  function untilCount(state: 'failed' | 'waiting' | 'delayed' | 'active', count: number): Promise<true> {
    return until(`${count} ${state}`, async () =>
      (await queue.getJobCountByTypes(state)) === count ? true : undefined,
    );
  }

  test('a job that is offered twice while it waits runs once', async () => {
    await add();
    await add();
    await Promise.all([add(), add(), add()]);
    expect(await queue.getJobCountByTypes('waiting', 'delayed', 'prioritized')).toBe(1);
    const ran: (string | undefined)[] = [];
    work(async (job) => ran.push(job.id));
    await add(SLOT + 60);
    await until('both slots', () => (ran.includes(`btc_usd-${SLOT + 60}`) ? true : undefined));
    expect(ran).toEqual([`btc_usd-${SLOT}`, `btc_usd-${SLOT + 60}`]);
  });

  test('a job that is offered while it runs does not run twice', async () => {
    let finish: () => void = () => undefined;
    let ran = 0;
    work(() => {
      ran += 1;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await add();
    await until('the job to begin', () => (ran === 1 ? true : undefined));
    await add();
    finish();
    await until('an empty queue', async () =>
      (await queue.getJobCountByTypes('waiting', 'active', 'delayed')) === 0 ? true : undefined,
    );
    expect(ran).toBe(1);
  });

  test('a job that is done is gone, and its id is taken again: the queue is no claim', async () => {
    let ran = 0;
    work(async () => (ran += 1));
    await add();
    await until('the first run', async () =>
      ran === 1 && (await queue.getJob(`btc_usd-${SLOT}`)) === undefined ? true : undefined,
    );
    await add();
    await until('the second run', () => (ran === 2 ? true : undefined));
  });

  test('a job that fails comes again after a second, as often as it was planned, and then stays for the board', async () => {
    const begun: number[] = [];
    work(async () => {
      begun.push(Date.now());
      throw new Error('no answer');
    });
    await add(SLOT, 2);
    await untilCount('failed', 1);
    expect(begun).toHaveLength(2);
    expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThanOrEqual(900);
    expect((await queue.getFailed())[0]).toMatchObject({
      id: `btc_usd-${SLOT}`,
      failedReason: 'no answer',
      attemptsMade: 2,
    });
    await queue.clean(0, 100, 'failed');
    expect(await queue.getJobCountByTypes('failed')).toBe(0);
  });

  test('a job whose error asks for patience comes again only then', async () => {
    const begun: number[] = [];
    work(async () => {
      begun.push(Date.now());
      if (begun.length === 1) throw Object.assign(new Error('429'), { afterMs: 2_500 });
    });
    await add();
    await until('the second attempt', () => begun[1]);
    expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThanOrEqual(2_400);
  });

  test('a job that cannot be mended is not tried again', async () => {
    let ran = 0;
    work(async () => {
      ran += 1;
      throw new UnrecoverableError('a job of another version');
    });
    await add();
    await untilCount('failed', 1);
    expect(ran).toBe(1);
  });

  test('a job of a worker that was killed is taken up by another, which can see that', async () => {
    let isTaken = false;
    let release: () => void = () => undefined;
    const killed = work(
      () => {
        isTaken = true;
        return new Promise<void>((resolve) => (release = resolve));
      },
      { ...fetchWorkerOptions, skipLockRenewal: true, skipStalledCheck: true },
    );
    await add();
    await until('the first worker to take it', () => (isTaken ? true : undefined));
    const takenAt = Date.now();
    await killed.close(true);
    let stalled: number | undefined;
    work(async (job) => (stalled = job.stalledCounter));
    expect(await until('the second worker to take it', () => stalled)).toBeGreaterThan(0);
    // The promise is 5 s; the rest is for a busy machine. BullMQ's own default would be a minute.
    expect(Date.now() - takenAt).toBeLessThan(9_000);
    release();
  });

  test('a job that runs longer than its lock stays with the worker that lives', async () => {
    let ran = 0;
    let isDone = false;
    // Longer than the lock of real life: a busy machine loses a short one while the process merely waits for its turn.
    const options = { ...fetchWorkerOptions, lockDuration: 2 * fetchWorkerOptions.lockDuration, stalledInterval: 400 };
    const slow = async (): Promise<void> => {
      ran += 1;
      await new Promise((resolve) => setTimeout(resolve, options.lockDuration + 3 * options.stalledInterval));
      isDone = true;
    };
    work(slow, options);
    work(slow, options);
    await add();
    await until('the end of it', () => (isDone ? true : undefined));
    expect(ran).toBe(1);
  });

  test('wakes once a second on the second, however often that was ensured', async () => {
    await ensureWakeUps(queue);
    for (let round = 0; round < 5; round += 1) await Promise.all([1, 2, 3, 4].map(() => ensureWakeUps(queue)));
    expect(await queue.getJobSchedulersCount()).toBe(1);
    const wakes: { name: string; at: number }[] = [];
    work(async (job) => wakes.push({ name: job.name, at: job.opts.prevMillis ?? -1 }), wakeWorkerOptions);
    await until('the first wake', () => wakes[0]);
    await ensureWakeUps(queue);
    await until('the third wake', () => wakes[2]);
    expect(wakes.every(({ name, at }) => name === WAKE_JOB && at % 1000 === 0)).toBe(true);
    const seconds = wakes.map(({ at }) => at / 1000);
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(seconds).toEqual([...seconds].sort((left, right) => left - right));
  });

  test('wakes again after the store came back empty, once that is ensured anew', async () => {
    let wakes = 0;
    work(async () => (wakes += 1), wakeWorkerOptions);
    await ensureWakeUps(queue);
    await until('a wake', () => (wakes > 0 ? true : undefined));
    await queue.obliterate({ force: true });
    expect(await queue.getJobSchedulersCount()).toBe(0);
    const before = wakes;
    await ensureWakeUps(queue);
    await until('a wake after that', () => (wakes > before ? true : undefined));
  });

  test('a producer gives up soon when nothing comes back from the store, and works again when it does', async () => {
    const proxy = await CuttableProxy.to(store.url);
    try {
      const producer = open(queue.name, queueStoreOf(proxy.through(store.url)));
      await producer.waitUntilReady();
      await addFetchJobs(producer, [jobOf('x')]);
      proxy.cut();
      const begun = Date.now();
      await expect(addFetchJobs(producer, [jobOf('y')])).rejects.toThrow();
      // The limit is 2 s; without one it would wait for minutes.
      expect(Date.now() - begun).toBeLessThan(6_000);
      proxy.mend();
      await until('the producer to add', async () => {
        await addFetchJobs(producer, [jobOf('z')]);
        return true;
      });
    } finally {
      await Promise.all(queues.splice(1).map((one) => one.close().catch(() => undefined)));
      await proxy.stop();
    }
  });

  test('a producer fails at once when nobody listens', async () => {
    const url = store.kind === 'redis' ? 'redis://127.0.0.1:1' : 'postgres://tidemark@127.0.0.1:1/none';
    const producer = open(queue.name, queueStoreOf(url));
    const begun = Date.now();
    await Promise.all([
      expect(addFetchJobs(producer, [jobOf('x')])).rejects.toThrow(),
      expect(ensureWakeUps(producer)).rejects.toThrow(),
      expect(cleanQueue(producer)).rejects.toThrow(),
    ]);
    expect(Date.now() - begun).toBeLessThan(6_000);
    await Promise.all(queues.splice(1).map((one) => one.close().catch(() => undefined)));
  });
}
