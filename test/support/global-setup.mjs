// Starts what the tests need, once for the whole run: a Postgres (unless TEST_DATABASE_URL names one) with a migrated
// template database that every test file clones, and a Redis (unless TEST_REDIS_URL names one) when there is one on the PATH.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, chmodSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.mjs';
import { removeLeftovers, scratchFolder } from './scratch-folder.mjs';

const TEMPLATE = process.env.TEST_TEMPLATE ?? 'tidemark_test_template';
const READER_PASSWORD = 'reader';

export default async function globalSetup() {
  const running = { stops: [] };
  globalThis.__TIDEMARK_TEST_SERVERS__ = running;
  running.folder = makeRunFolder();
  await startPostgres(running);
  await startRedis(running);
  await makeTemplate();
}

/** What the tests of this run put into the folder for temporary files is in one folder, so that it is known to be theirs. */
function makeRunFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-run-'));
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return folder;
}

async function startPostgres(running) {
  if (process.env.TEST_DATABASE_URL) return;
  const { startEmbeddedPostgres } = await import('../../dist/libs/embedded/src/embedded-postgres.js');
  removeLeftovers('tidemark-test-');
  const dataFolder = await mkdtemp(path.join(scratchFolder(), 'tidemark-test-'));
  const settings = { fsync: 'off', max_connections: '300', scram_iterations: '1' };
  const postgres = await startEmbeddedPostgres({ dataFolder, settings });
  running.stops.push(async () => {
    await postgres.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });
  process.env.TEST_DATABASE_URL = postgres.url;
  process.env.TEST_CLONE_STRATEGY = 'FILE_COPY';
}

async function startRedis(running) {
  if (process.env.TEST_REDIS_URL) return;
  const server = ['redis-server', 'valkey-server'].find((name) => spawnSync('which', [name]).status === 0);
  if (server === undefined) {
    process.stderr.write('No redis-server or valkey-server on the PATH: the tests named "on Redis" do NOT run.\n');
    return;
  }
  const port = await freePort();
  const child = spawn(server, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  running.stops.push(() => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGKILL')));
  process.env.TEST_REDIS_URL = `redis://127.0.0.1:${port}`;
}

/** Each of some 3,000 connections proves the password by 4,096 hashes unless it was stored with fewer: see `scram_iterations` above. */
async function rehashPassword(admin) {
  const { rows } = await admin.query(`SELECT current_setting('scram_iterations', true) = '1' AS short`);
  if (rows[0].short !== true) return;
  await admin.query(`ALTER ROLE ${admin.escapeIdentifier(admin.user)} PASSWORD ${admin.escapeLiteral(admin.password)}`);
}

async function makeTemplate() {
  const admin = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
  await admin.connect();
  await rehashPassword(admin);
  await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`);
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  const url = new URL(process.env.TEST_DATABASE_URL);
  url.pathname = `/${TEMPLATE}`;
  const migrated = spawnSync(process.execPath, ['dist/apps/scheduler/src/migrate.main.js'], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: url.href,
      TIDEMARK_MODE: 'simulated',
      API_DATABASE_PASSWORD: READER_PASSWORD,
      LOG_LEVEL: 'warn',
    },
  });
  if (migrated.status !== 0) throw new Error(`migrate failed: ${migrated.stdout}${migrated.stderr}`);
}
