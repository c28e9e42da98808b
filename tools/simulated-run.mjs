// What the long runs against the simulator share: the demo on ports and a folder of its own, asked and ended cleanly.
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { stringify } from 'yaml';
import { freePort } from '../test/support/free-port.mjs';
import { makeHome, removeHome } from '../test/support/private-home.mjs';

/** Starts the demo with a catalogue of its own. `environment` goes to all of its processes. */
export async function startSimulatedRun(name, catalogue, environment = {}) {
  const home = makeHome(name);
  const catalogueFile = path.join(home, 'catalogue.yaml');
  await writeFile(catalogueFile, stringify(catalogue));
  const [api, control, worker, simulator] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const all = {
    // Without what would name another database: the demo has its own, and it is that one which is verified.
    ...Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^(DATABASE_URL|POSTGRES_|QUEUE_URL)/.test(key)),
    ),
    TIDEMARK_HOME: home,
    CATALOGUE_FILE: catalogueFile,
    CONTROL_PASSWORD: 'simulated-run',
    API_PORT: String(api),
    CONTROL_PORT: String(control),
    WORKER_PORT: String(worker),
    // Prices are what these runs are about.
    ETL_INTERVAL_SECONDS: '0',
    SIMULATOR_ASSETS: '0',
    SIMULATOR_PORT: String(simulator),
    ...environment,
  };
  const demo = spawn(process.execPath, ['dist/apps/standalone/src/main.js', 'demo'], {
    env: all,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  demo.stdout.resume();
  const ended = new Promise((resolve) => demo.once('exit', resolve));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => demo.kill('SIGINT'));
  const urls = {
    api: `http://127.0.0.1:${api}`,
    control: `http://127.0.0.1:${control}`,
    simulator: `http://127.0.0.1:${simulator}`,
  };
  const login = `Basic ${Buffer.from('tidemark:simulated-run').toString('base64')}`;
  const run = {
    home,
    urls,
    pid: demo.pid,
    isRunning: () => demo.exitCode === null,
    /** Asks one of the parts for JSON. */
    ask: async (part, route, body) => {
      const response = await fetch(`${urls[part]}${route}`, {
        headers: { authorization: login, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${route}: ${response.status} ${text.slice(0, 500)}`);
      return JSON.parse(text);
    },
    /** Statements on the database of the demo, which must run. */
    query: async (text, values) => {
      const client = new pg.Client({ connectionString: await databaseUrl(home) });
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    stop: async () => {
      demo.kill('SIGINT');
      await ended;
    },
    /** The proof of the invariants, printed as it goes. @returns its exit status. */
    verify: () =>
      new Promise((resolve) =>
        spawn(process.execPath, ['dist/apps/cli/src/verify.main.js'], {
          env: { ...all, SIMULATOR_URL: urls.simulator },
          stdio: 'inherit',
        }).once('exit', resolve),
      ),
    remove: () => removeHome(home),
  };
  await until('the simulator to answer', 120_000, demo, async () => (await fetch(`${urls.simulator}/livez`)).ok);
  await until('the demo to answer', 120_000, demo, async () => (await fetch(`${urls.api}/health`)).ok);
  await until(
    'the scheduler to answer',
    300_000,
    demo,
    async () => (await run.ask('control', '/status')) !== undefined,
  );
  return run;
}

async function databaseUrl(home) {
  const { findEmbeddedPostgres } = await import('../dist/libs/embedded/src/embedded-postgres.js');
  const { postgresFolder } = await import('../dist/libs/embedded/src/stores.js');
  const url = findEmbeddedPostgres(postgresFolder(path.join(home, 'demo')));
  if (url === undefined) throw new Error(`no database runs in ${home}`);
  return url;
}

/** Resident memory of the demo's processes by name, in MB. */
export async function memoryOf(parent) {
  const { readdirSync } = await import('node:fs');
  const found = {};
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.split(') ')[1].split(' ')[1]) !== parent) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const name = /apps\/(scheduler|worker|api|simulator)\//.exec(command)?.[1];
      if (name === undefined) continue;
      const kilobytes = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      found[name] = Math.round(Number(kilobytes) / 1024);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

async function until(what, limitMs, demo, ask) {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline && demo.exitCode === null) {
    if (await ask().catch(() => false)) return;
    await sleep(200);
  }
  demo.kill('SIGINT');
  throw new Error(`waited in vain for ${what}: see the folder logs in the data folder of the run`);
}
