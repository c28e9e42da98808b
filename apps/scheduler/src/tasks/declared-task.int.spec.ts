import '../../../../test/support/one-realm-of-errors.js';
import { startControlServer, type ControlServer } from '../../../../test/support/control-server.js';
import { eventually } from '../../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { allTasks } from './all-tasks.js';
import type { Task } from './task.js';

/** Fails in its first run, waits in the second until it may go on, and in the third until the process ends. */
function countSheep(seen: string[], mayGoOn: Promise<void>): Task {
  return {
    name: 'count-sheep',
    everySeconds: 1,
    offsetMs: 500,
    run: async (signal) => {
      seen.push('run');
      if (seen.length === 1) throw new Error('no sheep in sight');
      if (seen.length === 2) return mayGoOn;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      seen.push('aborted');
    },
  };
}

describe('a task that is only declared', () => {
  let database: TestDatabase;
  let server: ControlServer;
  let stop: () => Promise<void>;
  let goOn: () => void;
  const seen: string[] = [];

  beforeAll(async () => {
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    database = await createTestDatabase();
    server = await startControlServer(database.url, undefined, (options) => [
      ...allTasks(options),
      countSheep(seen, mayGoOn),
    ]);
    stop = () => server.stop();
  });
  afterAll(async () => {
    goOn();
    await stop();
    await database.drop();
  });

  it('is run, tried again, shown with all others, and drained at the end', async () => {
    const failed = await eventually('its failure', 20_000, async () => {
      const state = await stateOfIt();
      return state?.['failures_in_a_row'] === 1 ? state : undefined;
    });
    expect(failed).toMatchObject({ every_seconds: 1, last_success: null, last_error: 'no sheep in sight' });
    expect(server.log.of('task_failed').filter(({ task }) => task === 'count-sheep')).toHaveLength(1);
    goOn();
    await eventually('its third run', 20_000, () => seen.length === 3 || undefined);
    const { json } = await server.ask('GET', '/status');
    const tasks = json['tasks'] as Record<string, unknown>[];
    expect(tasks.map(({ name }) => name)).toEqual([
      'wake-planner',
      'close-slots',
      'read-source-states',
      'make-partitions',
      'clean-queues',
      'drop-payloads',
      'forget-symbols',
      'write-snapshots',
      'read-lists',
      'drop-ingested',
      'count-sheep',
    ]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(tasks.at(-1)).toEqual({
      name: 'count-sheep',
      every_seconds: 1,
      last_run: time,
      last_success: time,
      last_duration_ms: expect.any(Number),
      failures_in_a_row: 0,
      last_error: 'no sheep in sight',
    });
    const { text } = await server.ask('GET', '/metrics', undefined, {});
    expect(text).toContain('tidemark_task_runs_total{task="count-sheep",outcome="failure"} 1');
    expect(text).toContain('tidemark_task_runs_total{task="count-sheep",outcome="success"} 1');
    expect(text).toContain('tidemark_task_duration_seconds_count{task="count-sheep"} 2');
    expect(text).toMatch(/tidemark_task_last_success_timestamp_seconds\{task="count-sheep"\} \d{10}/);
    stop = async () => undefined;
    await server.stop();
    expect(seen).toEqual(['run', 'run', 'run', 'aborted']);
  });

  async function stateOfIt(): Promise<Record<string, unknown> | undefined> {
    const { json } = await server.ask('GET', '/status');
    return (json['tasks'] as Record<string, unknown>[]).find(({ name }) => name === 'count-sheep');
  }
});
