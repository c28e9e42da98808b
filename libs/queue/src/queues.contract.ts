import { UnrecoverableError } from 'bullmq';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import { openQueue, QueueFixture } from '../../../test/support/queue-fixture.js';
import { itRunsEveryType } from './job-types.contract.js';
import { QueueCleaner } from './clean-queue.js';
import { addJobs } from './add-jobs.js';
import { LOCKS } from './job-worker.js';
import { fetchJob, JOBS, WAKE_PLANNER } from './jobs.js';
import { queueStoreOf, type QueueStore } from './queue-address.js';
import { useQueueStore } from './queue-store.js';
import { ensureWakeUps } from './wake-jobs.js';

const SLOT = 1_766_000_000;

/** A queue store of a suite: where it is, and how to leave it. */
export interface StoreUnderTest {
  readonly store: QueueStore;
  readonly leave: () => Promise<void>;
}

/** What every queue store must do for us. */
export function itCarriesTheQueue(enter: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;

  beforeAll(async () => {
    under = await enter();
    useQueueStore(under.store);
  });
  afterAll(() => under.leave());

  describe('jobs of every type', () => itRunsEveryType(() => under.store));
  describe('at once', () => itRunsJobsOnce(() => under.store));
  describe('in its time', () => itKeepsTime(() => under.store));
}

function itRunsJobsOnce(store: () => QueueStore): void {
  let fixture: QueueFixture;

  beforeEach(() => {
    fixture = new QueueFixture(store());
  });
  afterEach(() => fixture.leave());

  test('a job that is offered twice while it waits runs once', async () => {
    await fixture.add(SLOT);
    await fixture.add(SLOT);
    await Promise.all([1, 2, 3].map(() => fixture.add(SLOT)));
    expect(await fixture.queue.getJobCountByTypes('waiting', 'delayed', 'prioritized')).toBe(1);
    const ran: (string | undefined)[] = [];
    fixture.work(async (job) => ran.push(job.id));
    await fixture.add(SLOT + 60);
    await fixture.until('both slots', () => (ran.includes(`btc_usd-${SLOT + 60}`) ? true : undefined));
    expect(ran).toEqual([`btc_usd-${SLOT}`, `btc_usd-${SLOT + 60}`]);
  });

  test('a job that is offered while it runs does not run twice', async () => {
    let finish: () => void = () => undefined;
    let ran = 0;
    fixture.work(() => {
      ran += 1;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await fixture.add(SLOT);
    await fixture.until('the job to begin', () => (ran === 1 ? true : undefined));
    await fixture.add(SLOT);
    finish();
    await fixture.until('an empty queue', async () =>
      (await fixture.queue.getJobCountByTypes('waiting', 'active', 'delayed')) === 0 ? true : undefined,
    );
    expect(ran).toBe(1);
  });

  test('a job that is done is gone, and its id is taken again: the queue is no claim', async () => {
    let ran = 0;
    fixture.work(async () => (ran += 1));
    await fixture.add(SLOT);
    await fixture.until('the first run', async () =>
      ran === 1 && (await fixture.queue.getJob(`btc_usd-${SLOT}`)) === undefined ? true : undefined,
    );
    await fixture.add(SLOT);
    await fixture.until('the second run', () => (ran === 2 ? true : undefined));
  });

  test('a job that cannot be mended is not tried again', async () => {
    let ran = 0;
    fixture.work(async () => {
      ran += 1;
      throw new UnrecoverableError('a job of another version');
    });
    await fixture.add(SLOT);
    await fixture.untilCount('failed', 1);
    expect(ran).toBe(1);
  });
}

/** What takes seconds of the real clock begins at once, each on a queue of its own, and every test waits for the end of one. */
function itKeepsTime(store: () => QueueStore): void {
  const runs = new Map<string, Promise<void>>();

  beforeAll(() => {
    for (const [name, passes] of Object.entries(IN_ITS_TIME)) {
      const fixture = new QueueFixture(store());
      const run = passes(fixture, store()).finally(() => fixture.leave());
      // A failure is reported by the test that waits for it.
      run.catch(() => undefined);
      runs.set(name, run);
    }
  });
  afterAll(() => Promise.allSettled(runs.values()));

  test.each(Object.keys(IN_ITS_TIME))('%s', async (name) => {
    expect(runs.has(name)).toBe(true);
    await runs.get(name);
  });
}

const IN_ITS_TIME: Readonly<Record<string, (fixture: QueueFixture, store: QueueStore) => Promise<void>>> = {
  'a job that fails comes again after a second, as often as it was planned, and then stays for the board': async (
    fixture,
  ) => {
    const begun: number[] = [];
    fixture.work(async () => {
      begun.push(Date.now());
      throw new Error('no answer');
    });
    await fixture.add(SLOT, 2);
    await fixture.untilCount('failed', 1);
    expect(begun).toHaveLength(2);
    expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThanOrEqual(900);
    expect((await fixture.queue.getFailed())[0]).toMatchObject({
      id: `btc_usd-${SLOT}`,
      failedReason: 'no answer',
      attemptsMade: 2,
    });
    await fixture.queue.clean(0, 100, 'failed');
    expect(await fixture.queue.getJobCountByTypes('failed')).toBe(0);
  },

  'a job whose error asks to wait comes again only then': async (fixture) => {
    const begun: number[] = [];
    fixture.work(async () => {
      begun.push(Date.now());
      if (begun.length === 1) throw Object.assign(new Error('429'), { afterMs: 2_500 });
    });
    await fixture.add(SLOT);
    await fixture.until('the second attempt', () => begun[1]);
    expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThanOrEqual(2_400);
  },

  'a job of a worker that was killed is taken up by another, which can see that': async (fixture) => {
    let isTaken = false;
    let release: () => void = () => undefined;
    const killed = fixture.work(
      () => {
        isTaken = true;
        return new Promise<void>((resolve) => (release = resolve));
      },
      { ...LOCKS, skipLockRenewal: true, skipStalledCheck: true },
    );
    await fixture.add(SLOT);
    await fixture.until('the first worker to take it', () => (isTaken ? true : undefined));
    const takenAt = Date.now();
    await killed.close(true);
    let stalled: number | undefined;
    fixture.work(async (job) => (stalled = job.stalledCounter));
    expect(await fixture.until('the second worker to take it', () => stalled)).toBeGreaterThan(0);
    // The promise is 5 s; the rest is for a busy machine. BullMQ's own default would be a minute.
    expect(Date.now() - takenAt).toBeLessThan(9_000);
    release();
  },

  'a job that runs longer than its lock stays with the worker that lives': async (fixture) => {
    let ran = 0;
    let isDone = false;
    // Longer than the lock of real life: a busy machine loses a short one while the process merely waits for its turn.
    const options = { ...LOCKS, lockDuration: 2 * LOCKS.lockDuration, stalledInterval: 400 };
    const slow = async (): Promise<void> => {
      ran += 1;
      await new Promise((resolve) => setTimeout(resolve, options.lockDuration + 3 * options.stalledInterval));
      isDone = true;
    };
    fixture.work(slow, options);
    fixture.work(slow, options);
    await fixture.add(SLOT);
    await fixture.until('the end of it', () => (isDone ? true : undefined));
    expect(ran).toBe(1);
  },

  'wakes once a second on the second, however often that was ensured': async (fixture) => {
    const { queue } = fixture;
    await ensureWakeUps(queue);
    for (let round = 0; round < 5; round += 1) await Promise.all([1, 2, 3, 4].map(() => ensureWakeUps(queue)));
    expect(await queue.getJobSchedulersCount()).toBe(1);
    const wakes: { name: string; at: number }[] = [];
    fixture.work(async (job) => wakes.push({ name: job.name, at: job.opts.prevMillis ?? -1 }), LOCKS);
    await fixture.until('the first wake', () => wakes[0]);
    await ensureWakeUps(queue);
    await fixture.until('the third wake', () => wakes[2]);
    expect(wakes.every(({ name, at }) => name === WAKE_PLANNER.name && at % 1000 === 0)).toBe(true);
    const seconds = wakes.map(({ at }) => at / 1000);
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(seconds).toEqual([...seconds].sort((left, right) => left - right));
  },

  'wakes again after the store came back empty, once that is ensured anew': async (fixture) => {
    let wakes = 0;
    fixture.work(async () => (wakes += 1), LOCKS);
    await ensureWakeUps(fixture.queue);
    await fixture.until('a wake', () => (wakes > 0 ? true : undefined));
    await fixture.queue.obliterate({ force: true });
    expect(await fixture.queue.getJobSchedulersCount()).toBe(0);
    const before = wakes;
    await ensureWakeUps(fixture.queue);
    await fixture.until('a wake after that', () => (wakes > before ? true : undefined));
  },

  'a producer gives up soon when nothing comes back from the store, and works again when it does': async (
    fixture,
    store,
  ) => {
    const proxy = await startTcpProxy(store.url);
    const producer = openQueue(queueStoreOf(proxy.url), fixture.queue.name);
    try {
      await producer.waitUntilReady();
      await addJobs(producer, [jobOf('x')]);
      proxy.freeze();
      const begun = Date.now();
      await expect(addJobs(producer, [jobOf('y')])).rejects.toThrow();
      // The limit is 2 s; without one it would wait for minutes.
      expect(Date.now() - begun).toBeLessThan(6_000);
      proxy.mend();
      await fixture.until('the producer to add', async () => {
        await addJobs(producer, [jobOf('z')]);
        return true;
      });
    } finally {
      await producer.close().catch(() => undefined);
      await proxy.close();
    }
  },

  'a producer fails at once when nobody listens': async (fixture, store) => {
    const url = store.kind === 'redis' ? 'redis://127.0.0.1:1' : 'postgres://tidemark@127.0.0.1:1/none';
    const producer = openQueue(queueStoreOf(url), fixture.queue.name);
    const begun = Date.now();
    await Promise.all([
      expect(addJobs(producer, [jobOf('x')])).rejects.toThrow(),
      expect(ensureWakeUps(producer)).rejects.toThrow(),
      expect(
        new QueueCleaner(producer, { types: JOBS }).clean({ signal: new AbortController().signal }),
      ).rejects.toThrow(),
    ]);
    expect(Date.now() - begun).toBeLessThan(6_000);
    await producer.close().catch(() => undefined);
  },
};

function jobOf(batch: string) {
  return fetchJob({ sourceId: 1, source: 'deribit', batch, slot: 60 }, 1);
}
