import {
  FETCH_PRICES,
  fetchJob,
  newJob,
  producerOptions,
  queueStoreOf,
  sourceQueueName,
  useQueueStore,
} from '@app/queue';
import { Queue } from 'bullmq';
import path from 'node:path';
import { eventually, type LogLine, type RunningProcess } from '../support/processes.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TestSystem, type TestSystemOptions } from '../support/test-system.js';
import { READ_OFTEN, READ_SYMBOL, type Reading } from './read-often.js';

const STORES = ['Postgres', ...(redisServerName() === undefined ? [] : ['Redis'])];
if (STORES.length === 1)
  process.stderr.write('No redis-server on the PATH: a second type of job on Redis is NOT tried.\n');

const CATALOGUE = `
tickers:
  - { ticker: btc_usd, interval_seconds: 5, sources: [deribit] }
  - { ticker: eth_usd, interval_seconds: 5, sources: [deribit] }
`;

/** Nothing listens on the discard port. */
const NOBODY = 'http://127.0.0.1:9';

/** So long each call takes, in milliseconds. */
const CALL_MS = 500;
/** Calls of the long job: more than the rest of the test needs until the worker is ended. */
const CALLS = 40;
const FINISH_SECONDS = 4;
/** Beyond the time to finish, to start to end and to close what is open, in milliseconds. */
const CLOSE_WITHIN_MS = 2_500;
/** Of each wait for something that comes by itself, in milliseconds: generous, since only the outcome counts. */
const WAIT_LIMIT_MS = 60_000;

const program = (name: string): string => path.join(import.meta.dirname, `${name}.program.ts`);

describe.each(STORES)('real processes with a type of job and a task that are only declared, on %s', (store) => {
  let database: TestDatabase;
  let redis: RedisProcess | undefined;
  let system: TestSystem;
  let queue: Queue;

  beforeEach(async () => {
    database = await createTestDatabase();
    redis = store === 'Redis' ? await RedisProcess.start() : undefined;
    const queueStore = queueStoreOf(redis?.url ?? database.url);
    useQueueStore(queueStore);
    queue = new Queue(sourceQueueName('deribit'), producerOptions(queueStore));
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
  });
  afterEach(async () => {
    await queue.close();
    await system.stop();
    await redis?.stop();
    await database.drop();
  });

  /** @param sourceUrls default: those of a simulator that is started. */
  async function prepare(sourceUrls?: TestSystemOptions['sourceUrls']): Promise<void> {
    system = await TestSystem.prepare({
      ...{ databaseUrl: database.url, queueUrl: redis?.url, catalogue: CATALOGUE },
      ...(sourceUrls === undefined ? {} : { sourceUrls }),
    });
  }

  it('runs a long job beside fetches, tries it again, gives it back at SIGTERM, and ends it once elsewhere', async () => {
    await prepare();
    await system.start('scheduler');
    const first = await startWorker('worker-1');
    const slow = await startFault({ source: 'deribit', kind: 'delay', delay_ms: CALL_MS, seconds: 600 });
    await queue.addBulk([newJob(READ_OFTEN, reading({ number: 1, of: CALLS, failsBefore: 1 }))]);
    await logged('worker-1', 'its failure', ({ event, type }) => event === 'job_failed' && type === 'read-often');
    await logged('worker-1', 'a call of its second attempt', ({ event, attempt }) => event === 'read' && attempt === 2);
    const inHand = await eventually('both fetches in hand', WAIT_LIMIT_MS, async () => {
      const fetches = await fetchesThatAre('running');
      return fetches.length === 2 ? fetches : undefined;
    });
    const tookMs = await ended('worker-1');
    const callsBefore = await readings();
    process.stderr.write(`${store}: ended ${tookMs} ms after SIGTERM, with ${callsBefore} of ${CALLS} calls made\n`);
    expect(first.child.exitCode).toBe(0);
    expect(tookMs).toBeLessThan(FINISH_SECONDS * 1000 + CLOSE_WITHIN_MS);
    expect(system.lines('worker-1').filter(({ event }) => event === 'job_stalled')).toEqual([]);
    expect(await fetchesThatAre('running')).toEqual([]);
    // On a busy machine one may have been too late.
    expect(await fetchesThatAre('answered', 'failed', 'closed')).toEqual(expect.arrayContaining(inHand));
    expect(callsBefore).toBeLessThan(CALLS);
    expect((await queue.getJob(READ_OFTEN.id(reading({ number: 1 }))))?.data).toMatchObject({ calls: callsBefore });

    await endFault(slow);
    const second = await startWorker('worker-2');
    await logged('worker-2', 'the end of the job', ({ event }) => event === 'read_all');
    await eventually('a queue without the job', WAIT_LIMIT_MS, async () =>
      (await queue.getJob(READ_OFTEN.id(reading({ number: 1 })))) === undefined ? true : undefined,
    );
    await ended('worker-2');
    expect(second.child.exitCode).toBe(0);
    const done = system.lines('worker').filter(({ event }) => event === 'read');
    expect(done.map(({ call }) => call)).toEqual([...Array(CALLS).keys()]);
    expect(system.lines('worker').filter(({ event }) => event === 'read_all')).toHaveLength(1);
    expect(system.lines('worker').filter(({ event }) => event === 'job_failed')).toHaveLength(1);
    expect(await readings()).toBe(CALLS);
  }, 300_000);

  it('keeps a job until its own type is stale, and ends a task at SIGTERM that was tried again and runs', async () => {
    await prepare({ DERIBIT_URL: NOBODY, COINGECKO_URL: NOBODY });
    // A worker would take the jobs: none runs.
    const fetched = { sourceId: 1, source: 'deribit', batch: 'none' };
    await queue.addBulk([
      agedBy(3_000, newJob(READ_OFTEN, reading({ number: 1 }))),
      agedBy(3_700, newJob(READ_OFTEN, reading({ number: 2 }))),
      agedBy(0, fetchJob({ ...fetched, slot: 1 }, 1)),
      agedBy(90, fetchJob({ ...fetched, slot: 2 }, 1)),
    ]);
    const url = await system.startProgram(program('scheduler'), 'scheduler');
    const isThere = async (id: string): Promise<boolean> => (await queue.getJob(id)) !== undefined;
    const fetchId = (slot: number): string => FETCH_PRICES.id({ ...fetched, slot });
    await eventually('the clean-up', WAIT_LIMIT_MS, async () =>
      (await isThere('read-2')) || (await isThere(fetchId(2))) ? undefined : true,
    );
    // Another clean-up looks at what was left.
    const since = Date.now();
    await eventually('a run after it', WAIT_LIMIT_MS, async () => {
      const { last_run } = await taskAt(url, 'clean-queues');
      return last_run !== null && Date.parse(last_run) > since ? true : undefined;
    });
    expect([await isThere('read-1'), await isThere(fetchId(1))]).toEqual([true, true]);

    await logged('scheduler', 'the third run', ({ event, run }) => event === 'sheep' && run === 3);
    expect(await taskAt(url, 'count-sheep')).toMatchObject({ failures_in_a_row: 0, last_error: 'no sheep in sight' });
    const failures = system.lines('scheduler').filter(({ event }) => event === 'task_failed');
    expect(failures.filter(({ task }) => task === 'count-sheep')).toHaveLength(1);
    const scheduler = latest();
    const tookMs = await ended('scheduler');
    process.stderr.write(`${store}: scheduler ended ${tookMs} ms after SIGTERM\n`);
    expect(scheduler.child.exitCode).toBe(0);
    expect(system.lines('scheduler').filter(({ event }) => event === 'sheep_counted')).toHaveLength(1);
    expect(system.lines('scheduler').filter(({ event }) => event === 'end_cut_short')).toEqual([]);
  }, 300_000);

  const reading = (more: Partial<Reading>): Reading => ({ source: 'deribit', number: 0, calls: 0, of: 0, ...more });

  async function startWorker(name: string): Promise<RunningProcess> {
    await system.startProgram(program('worker'), name, { WORKER_FINISH_SECONDS: String(FINISH_SECONDS) });
    return latest();
  }

  function latest(): RunningProcess {
    const started = system.started.at(-1);
    if (started === undefined) throw new Error('no process was started');
    return started.process;
  }

  const logged = (name: string, what: string, isIt: (line: LogLine) => boolean): Promise<LogLine> =>
    eventually(what, WAIT_LIMIT_MS, () => system.lines(name).find(isIt));

  /** Ends a process by SIGTERM. @returns how long it took, in milliseconds. */
  async function ended(name: string): Promise<number> {
    const since = performance.now();
    await system.end(name, 'SIGTERM');
    return Math.round(performance.now() - since);
  }

  async function fetchesThatAre(...statuses: string[]): Promise<string[]> {
    const { rows } = await database.pool.query<{ id: string }>(
      `SELECT batch || '-' || slot AS id FROM fetches WHERE status = ANY($1)`,
      [statuses],
    );
    return rows.map(({ id }) => id);
  }

  /** Calls that the simulator saw for the readings. */
  async function readings(): Promise<number> {
    const answer = await fetch(`${system.simulatorUrl}/simulator/calls?source=deribit&limit=10000`);
    const { calls } = (await answer.json()) as { calls: { names: string[] }[] };
    return calls.filter(({ names }) => names.includes(READ_SYMBOL)).length;
  }

  async function startFault(fault: object): Promise<number> {
    const answer = await fetch(`${system.simulatorUrl}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    return ((await answer.json()) as { id: number }).id;
  }

  async function endFault(id: number): Promise<void> {
    await fetch(`${system.simulatorUrl}/simulator/faults/${id}`, { method: 'DELETE' });
  }
});

interface ShownTask {
  readonly name: string;
  readonly last_run: string | null;
  readonly failures_in_a_row: number;
  readonly last_error: string | null;
}

/** How a task stands by the control API. */
async function taskAt(url: string, name: string): Promise<ShownTask> {
  const authorization = `Basic ${Buffer.from('tidemark:control-password').toString('base64')}`;
  const answer = await fetch(`${url}/status`, { headers: { authorization } });
  const { tasks } = (await answer.json()) as { tasks: ShownTask[] };
  const task = tasks.find((one) => one.name === name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
}

/** A job as if it had been added so many seconds ago. */
function agedBy<Job extends ReturnType<typeof newJob>>(seconds: number, job: Job): Job {
  return { ...job, opts: { ...job.opts, timestamp: Date.now() - seconds * 1000 } };
}
