import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startProgram } from '../../../test/standalone/typescript-program.js';
import type { Child } from './child-process.js';
import { findEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import { identify, sendSignal } from './process-identity.js';
import { isRoot, unprivilegedUser } from './unprivileged-user.js';
import { waitUntil } from './wait-until.js';

const parent = mkdtempSync(join(tmpdir(), 'tidemark-pg-'));
chmodSync(parent, 0o755);
const dataFolder = join(parent, 'postgres');
const running: EmbeddedPostgres[] = [];
const children: Child[] = [];

async function start(folder = dataFolder): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings: { max_connections: 20 } });
  running.push(postgres);
  return postgres;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop(5_000);
  for (const postgres of running.splice(0)) await postgres.stop();
});
afterAll(() => rmSync(parent, { recursive: true }));

// All tests find the cluster that is made here.
beforeAll(async () => {
  const postgres = await start();
  await ask(postgres.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await postgres.stop();
  running.length = 0;
});

describe('the embedded Postgres', () => {
  it('listens on loopback, with a password that its owner alone can read, durable, without a socket file', async () => {
    const postgres = await start();
    expect(await ask(postgres.url, 'SHOW synchronous_commit')).toBe('on');
    expect(await ask(postgres.url, 'SHOW full_page_writes')).toBe('on');
    expect(await ask(postgres.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await ask(postgres.url, 'SHOW unix_socket_directories')).toBe('');
    expect(await ask(postgres.url, 'SHOW max_connections')).toBe('20');
    expect(await ask(postgres.url, 'SELECT current_user || current_database()')).toBe('tidemarktidemark');
    const wrong = new URL(postgres.url);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(dataFolder, 'password')).mode & 0o777).toBe(0o600);
    expect(findEmbeddedPostgres(dataFolder)).toBe(postgres.url);
  });

  it('finds its data again on the same port', async () => {
    const port = readFileSync(join(dataFolder, 'port'), 'utf8').trim();
    expect(findEmbeddedPostgres(dataFolder)).toBeUndefined();
    const postgres = await start();
    expect(String(postgres.port)).toBe(port);
    expect(await ask(postgres.url, 'SELECT one FROM kept')).toBe(1);
  });

  it('comes back on the same port after kill -9, while its remains still end', async () => {
    const postgres = await start();
    await ask(postgres.url, 'CREATE TABLE acknowledged AS SELECT 1');
    sendSignal(postgres.pid, 'SIGKILL');
    await postgres.child.ended;
    const again = await waitUntil(
      async () => {
        const child = await postgres.part.launch();
        children.push(child);
        return postgres.part.untilReady?.(child).then(
          () => child,
          () => undefined,
        );
      },
      { limitMs: 20_000 },
    );
    expect(again?.pid).not.toBe(postgres.pid);
    expect(await ask(postgres.url, 'SELECT count(*)::int FROM acknowledged')).toBe(1);
  });

  it('starts again at once after its launcher was killed by kill -9', async () => {
    const launcher = startProgram('hold-postgres.ts', [dataFolder]);
    const left = Number((await launcher.line(/^ready/)).split(' ')[1]);
    await expect(start()).rejects.toThrow(`is in use by process ${launcher.process.pid}: end that process first.`);
    launcher.process.kill('SIGKILL');
    await launcher.ended;
    const postgres = await start();
    expect(identify(left)).toBeUndefined();
    expect(await ask(postgres.url, 'SELECT one FROM kept')).toBe(1);
  });

  it('starts although its pid file names a process that is somebody else by now', async () => {
    const file = join(dataFolder, 'cluster', 'postmaster.pid');
    writeFileSync(file, `${process.pid}\n${join(dataFolder, 'cluster')}\n1\n5432\n\n127.0.0.1\n`);
    if (isRoot()) chmodSync(file, 0o644);
    const postgres = await start();
    expect(await ask(postgres.url, 'SELECT 1')).toBe(1);
  });

  // Without root there is no other user to give the database to.
  (isRoot() ? it : it.skip)(
    'lives elsewhere, and leaves a pointer, when its user cannot enter the data folder',
    async () => {
      const home = mkdtempSync(join(parent, 'home-'));
      const folder = join(home, 'demo', 'postgres');
      const first = await start(folder);
      const pointedTo = readFileSync(join(folder, 'moved-to.txt'), 'utf8').trim();
      try {
        expect(first.movedTo).toBe(pointedTo);
        expect(existsSync(join(folder, 'cluster'))).toBe(false);
        expect(statSync(pointedTo).uid).toBe(unprivilegedUser().uid);
        expect(statSync(pointedTo).mode & 0o777).toBe(0o700);
        expect(findEmbeddedPostgres(folder)).toBe(first.url);
        await first.stop();
        expect((await start(folder)).url).toBe(first.url);
      } finally {
        for (const postgres of running.splice(0)) await postgres.stop();
        rmSync(pointedTo, { recursive: true });
      }
    },
  );
});

describe('the user that owns a database', () => {
  (isRoot() ? it : it.skip)('is said in one sentence when there is none', () => {
    expect(() => unprivilegedUser(['no-such-user'])).toThrow(
      'Postgres does not run as root, and root cannot become no-such-user here: start Tidemark as an ordinary user.',
    );
  });
});
