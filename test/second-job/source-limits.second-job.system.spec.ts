import { fetchJob, newJob } from '@app/queue';
import { createSimulator, type Simulator } from '../../apps/simulator/src/simulator.js';
import { eventually } from '../support/processes.js';
import { queueStoresHere, WorkerFleet } from '../support/worker-fleet.js';
import { jobsWithReadOften, READ_OFTEN } from './read-often.js';

const FETCHES = 40;
const READINGS = 15;
const CALLS_PER_READING = 3;
/** Deribit publishes so many a second. */
const LIMIT = 20;

describe.each(queueStoresHere())('two workers with two types of job in the queue of a source on %s', (store) => {
  let fleet: WorkerFleet;
  let simulator: Simulator;
  let baseUrl: string;

  beforeEach(async () => {
    fleet = await WorkerFleet.start(store);
    simulator = await createSimulator({ seed: 'second-job' });
    baseUrl = `${await simulator.listen(0)}/deribit/api/v2`;
  });
  afterEach(async () => {
    await fleet.stop();
    await simulator.close();
  });

  it('never exceed the published limit, though one of them makes three calls per job, and do all of their work', async () => {
    const { queue, database } = fleet;
    const keys = await fleet.plan(FETCHES, 90);
    const readings = Array.from({ length: READINGS }, (_, number) =>
      newJob(READ_OFTEN, { source: 'deribit', number, calls: 0, of: CALLS_PER_READING }),
    );
    // In two parts: fetches come before readings in the queue, and would else be over before the first of them.
    await queue.addBulk([...readings, ...keys.slice(0, FETCHES / 2).map((key) => fetchJob(key, 3))]);
    await Promise.all([1, 2].map(() => fleet.addWorker(baseUrl, jobsWithReadOften)));
    await eventually('calls of both', 30_000, () => (called() > FETCHES / 2 ? true : undefined));
    await queue.addBulk(keys.slice(FETCHES / 2).map((key) => fetchJob(key, 3)));
    const expected = FETCHES + READINGS * CALLS_PER_READING;
    await eventually('every call', 60_000, () => (called() >= expected ? true : undefined));
    await eventually('every fetch', 10_000, async () => {
      const { rows } = await database.pool.query(`SELECT 1 FROM fetches WHERE status = 'answered' AND attempts = 1`);
      return rows.length === FETCHES ? true : undefined;
    });
    const { calls = NaN } = simulator.rates.of('deribit', [1]).peaks['1'] ?? {};
    process.stderr.write(`${store}: at most ${calls} of ${LIMIT} calls in any second, ${called()} in all\n`);
    expect(calls).toBeLessThanOrEqual(LIMIT);
    expect(called()).toBe(expected);
    await eventually('an empty queue', 10_000, async () =>
      (await queue.getJobCountByTypes('wait', 'prioritized', 'delayed', 'active', 'failed')) === 0 ? true : undefined,
    );
  });

  const called = (): number => simulator.log.totals().sources.deribit?.calls ?? 0;
});
