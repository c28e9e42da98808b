import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { COMPATIBLE_SINCE, MIGRATIONS } from '../libs/storage/src/schema/data-source.js';
import { makeEarlierSchema } from './builders/earlier-schema.js';
import { createEmptyDatabase, type EmptyDatabase } from './support/empty-database.js';
import { freePort } from './support/free-port.mjs';
import { entryPoint, eventually, runToEnd, startProcess, type RunningProcess } from './support/processes.js';

/** Writes every module that is loaded to standard error. */
const LIST_LOADED = `data:text/javascript,${encodeURIComponent(`import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      process.stderr.write('loaded ' + url + '\\n');
      return next(url, context);
    },
  });`)}`;

/** Command line of the one entry point. */
const TIDEMARK = 'cli/src/main.js';

interface PriceRow {
  readonly timestamp: number;
}

describe('tidemark all', () => {
  let database: EmptyDatabase;
  let simulator: RunningProcess;
  let environment: Record<string, string>;
  let running: RunningProcess | undefined;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    const [simulatorPort, port, control, worker] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    simulator = startProcess(TIDEMARK, { SIMULATOR_PORT: String(simulatorPort) }, 0, ['simulator']);
    environment = {
      DATABASE_URL: database.url,
      API_DATABASE_USER: database.role,
      TIDEMARK_MODE: 'simulated',
      DERIBIT_URL: `http://127.0.0.1:${simulatorPort}/deribit/api/v2`,
      SAMPLE_INTERVAL_SECONDS: '1',
      PORT: String(port),
      CONTROL_PORT: String(control),
      WORKER_PORT: String(worker),
      // Nobody is there.
      SIMULATOR_PORT: String(await freePort()),
    };
  });
  afterEach(() => running?.end('SIGTERM'));
  afterAll(async () => {
    await simulator.end('SIGTERM');
    await database.drop();
  });

  function start(): RunningProcess {
    running = startProcess(TIDEMARK, environment, 0, ['all']);
    return running;
  }

  function health(): { status: number | null; stderr: string } {
    return runToEnd(TIDEMARK, ['health'], environment);
  }

  async function newestSlot(): Promise<number | undefined> {
    const answer = await fetch(`http://127.0.0.1:${environment['PORT']}/prices?ticker=btc_usd&order=desc&limit=1`);
    const { data } = (await answer.json()) as { data?: PriceRow[] };
    return data?.[0]?.timestamp;
  }

  /** The pid that a process of its own has logged last. */
  function pidOf(all: RunningProcess, name: string): number | undefined {
    return all.lines.findLast((line) => line['process'] === name)?.['pid'] as number | undefined;
  }

  /** The pids of its processes, once each has begun its work. */
  function allStarted(all: RunningProcess): Promise<number[]> {
    const begun = (name: string): boolean =>
      all.lines.some((line) => line['process'] === name && line['event'] === 'started');
    return eventually('the start of every process', 30_000, () => {
      const names = ['api', 'scheduler', 'worker'];
      return names.every(begun) ? names.flatMap((name) => pidOf(all, name) ?? []) : undefined;
    });
  }

  /** The processes that were ready once. */
  function readyOnce(all: RunningProcess): string[] {
    return all.lines.flatMap(({ event, msg }) => (event === 'first_ready' ? [String(msg)] : []));
  }

  function isAlive(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  it('needs DATABASE_URL alone: prices are served on PORT, and every process of it is ready', async () => {
    start();
    await eventually('a price', 30_000, newestSlot);
    const found = await eventually('health', 20_000, () => (health().status === 0 ? 'well' : undefined));
    expect(found).toBe('well');
  });

  it('starts a process again that was killed, and goes on', async () => {
    const all = start();
    const killed = await eventually('a worker that takes jobs', 30_000, () =>
      all.lines.some((line) => line['event'] === 'sample_stored') ? pidOf(all, 'worker') : undefined,
    );
    process.kill(killed, 'SIGKILL');
    const before = Math.floor(Date.now() / 1000);
    await eventually('a price after that', 30_000, async () => ((await newestSlot()) ?? 0) > before + 2 || undefined);
    expect(pidOf(all, 'worker')).not.toBe(killed);
  });

  it('serves on when a file is half saved once it was ready, and does without that process until it is mended', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-all-'));
    const [catalogue, sources] = [path.join(folder, 'tickers.yaml'), path.join(folder, 'sources.yaml')];
    writeFileSync(catalogue, 'tickers:\n  - {ticker: btc_usd, sources: [deribit]}\n');
    writeFileSync(sources, 'sources: []\n');
    Object.assign(environment, { CATALOGUE_FILE: catalogue, HTTP_SOURCES_FILE: sources });
    const starts = (all: RunningProcess): number =>
      all.lines.filter((line) => line['process'] === 'scheduler' && line['event'] === 'started').length;
    try {
      const all = start();
      await eventually('the first ready', 30_000, () => readyOnce(all).length === 3 || undefined);
      writeFileSync(catalogue, 'tickers: [\n');
      process.kill(pidOf(all, 'scheduler') ?? 0, 'SIGKILL');
      await eventually('a scheduler without that file', 20_000, () => starts(all) === 2 || undefined);

      writeFileSync(sources, 'sources: [\n');
      process.kill(pidOf(all, 'scheduler') ?? 0, 'SIGKILL');
      const said = /^scheduler ended with status 2: what it said has to be mended first.* started again in 5 s$/;
      await eventually('the end of it', 20_000, () => all.lines.find(({ msg }) => said.test(String(msg))));
      expect((await fetch(`http://127.0.0.1:${environment['PORT']}/readyz`)).status).toBe(200);
      writeFileSync(sources, 'sources: []\n');
      await eventually('a scheduler with the mended file', 20_000, () => starts(all) === 3 || undefined);
    } finally {
      delete environment['CATALOGUE_FILE'];
      delete environment['HTTP_SOURCES_FILE'];
      rmSync(folder, { recursive: true });
    }
  });

  it('ends with all of its processes on SIGTERM, with status 0', async () => {
    const all = start();
    const pids = await allStarted(all);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    await all.end('SIGTERM');
    expect(all.child.exitCode).toBe(0);
    expect(pids.map(isAlive)).toEqual([false, false, false]);
  });

  it('leaves no process behind when it is killed by kill -9', async () => {
    const all = start();
    const pids = await allStarted(all);
    await all.end('SIGKILL');
    await eventually('the end of its processes', 10_000, () => !pids.some(isAlive) || undefined);
  });

  it('says everything that is wrong in its environment at once, and ends with 2', () => {
    const { status, stderr } = runToEnd(TIDEMARK, ['all'], {
      ...environment,
      CONTROL_PORT: 'x',
      WORKER_CONCURRENCY: '0',
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/WORKER_CONCURRENCY: [^]*CONTROL_PORT: |CONTROL_PORT: [^]*WORKER_CONCURRENCY: /);
  });

  it('says what is wrong with catalogue and sources before it starts anything, and ends with 2', () => {
    const { status, stdout, stderr } = runToEnd(TIDEMARK, ['all'], {
      ...environment,
      CATALOGUE_FILE: '/not/there.yaml',
    });
    expect(status).toBe(2);
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([
      'CATALOGUE_FILE /not/there.yaml is not usable:',
      '  - it is not there (ENOENT): name a file that is, or leave CATALOGUE_FILE out',
    ]);
    expect(stdout).not.toMatch(/"process":"(scheduler|worker|api|migrate)"/);
    expect(stderr).toBe('scheduler cannot run, and no new start would mend that:\nwhat it said stands above.\n');
  });

  it('ends at once with 2 when the update needs a stop: no second try of migrate would help', async () => {
    const earlier = await createEmptyDatabase();
    try {
      const needsStop = MIGRATIONS.findIndex((migration) => new migration().name === COMPATIBLE_SINCE);
      await makeEarlierSchema(earlier, needsStop, Date.now() / 1000);
      const { status, stdout, stderr } = runToEnd(TIDEMARK, ['all'], {
        ...environment,
        DATABASE_URL: earlier.url,
        API_DATABASE_USER: earlier.role,
        TIDEMARK_MODE: 'live',
      });
      expect(status).toBe(2);
      const lines = stdout.split('\n').filter((line) => line.includes('This update needs a stop: '));
      expect(lines).toEqual([expect.stringMatching(/^migrate: .*run migrate with MIGRATE_AFTER_STOP=true\.$/)]);
      expect(stderr).toBe('migrate cannot run, and no new start would mend that:\nwhat it said stands above.\n');
    } finally {
      await earlier.drop();
    }
  });

  it('health names the processes of it that are missing, also while the others are ready', async () => {
    const whole = start();
    await eventually('health', 30_000, () => (health().status === 0 ? 'well' : undefined));
    await whole.end('SIGTERM');
    // Scheduler and worker end at once, whenever they are started again: this machine has no such address yet.
    Object.assign(environment, { CONTROL_HOST: '192.0.2.1', WORKER_HOST: '192.0.2.1' });
    try {
      start();
      const ready = `http://127.0.0.1:${environment['PORT']}/readyz`;
      await eventually('a ready API', 30_000, async () => (await fetch(ready)).ok || undefined);
      expect(health()).toMatchObject({
        status: 1,
        stderr:
          `the scheduler is missing: nothing listens on port ${environment['CONTROL_PORT']}\n` +
          `the worker is missing: nothing listens on port ${environment['WORKER_PORT']}\n`,
      });
    } finally {
      delete environment['CONTROL_HOST'];
      delete environment['WORKER_HOST'];
    }
  });

  it('loads no framework and no driver: it only watches over processes that do', () => {
    // Everything is loaded by the time that the environment is refused.
    const words = ['--import', LIST_LOADED, entryPoint(TIDEMARK), 'all'];
    const { stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env: { API_PORT: 'x' } });
    expect(stderr).toContain('API_PORT: must be a port number');
    const packages = new Set([...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name));
    expect([...packages]).toEqual(expect.arrayContaining(['pino', 'zod']));
    const heavy = /^(@nestjs\/.*|typeorm|pg|bullmq|ioredis|got|fastify|rxjs|@prometheus-io\/client|pino-pretty)$/;
    expect([...packages].filter((name) => heavy.test(name ?? ''))).toEqual([]);
  });

  it('health says what is not ready, and that nothing listens', async () => {
    expect(health()).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing listens on') });
    const worker = startProcess(TIDEMARK, { ...environment, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, 0, [
      'worker',
    ]);
    try {
      const said = await eventually('a process that waits', 20_000, () =>
        health().stderr.includes('nothing listens') ? undefined : health(),
      );
      expect(said).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/port \d+: the database cannot be reached/),
      });
    } finally {
      await worker.end('SIGTERM');
    }
  });
});
