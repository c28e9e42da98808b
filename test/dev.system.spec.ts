import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './support/free-port.mjs';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const ROOT = path.resolve(import.meta.dirname, '..');
/** What answers `/livez`, and a source of another process. */
const SOURCE = find('apps/api/src', 'health.controller.ts');
const ELSEWHERE = find('apps/worker/src', 'main.ts');

function find(folder: string, name: string): string {
  const found = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return path.join(folder, found.find((file) => path.basename(file) === name) ?? name);
}

/** In a checkout of its own: what is saved here and compiled is what other tests run. */
describe('make dev', () => {
  let folder: string;
  let database: TestDatabase;
  let dev: ChildProcess;
  let url: string;
  let original: string;
  let output = '';

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-dev-'));
    const copied = ['apps', 'libs', 'dist', 'tools', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
    for (const name of copied) await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    original = await readFile(path.join(folder, SOURCE), 'utf8');
    database = await createTestDatabase();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    dev = spawn(process.execPath, ['tools/dev.mjs', 'api'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], DATABASE_URL: database.url, API_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [dev.stdout, dev.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
    await answers('"ok"');
  });
  afterAll(async () => {
    // Nothing holds its output any more: whatever it started has ended too.
    const ended = once(dev, 'close');
    dev.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const save = (text: string, name = SOURCE): Promise<void> => writeFile(path.join(folder, name), text);
  const ask = (route: string): Promise<string | undefined> =>
    fetch(url + route).then(
      (response) => response.text(),
      () => undefined,
    );
  /** The children of the child of `make dev` that run a program. */
  const processesOf = (program: string): number[] => {
    const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
    const all = lines.map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? []);
    const keeper = all.find(([, , parent]) => Number(parent) === dev.pid)?.[1];
    return all.flatMap(([, pid, parent, words]) =>
      parent === keeper && words?.endsWith(program) ? [Number(pid)] : [],
    );
  };
  const answers = (word: string): Promise<unknown> =>
    eventually(`the answer ${word}`, 20_000, async () => (await ask('/livez'))?.includes(word) || undefined);
  const says = (words: string): Promise<unknown> =>
    eventually(`the words ${words}`, 20_000, () => output.includes(words) || undefined);
  const startedAt = async (): Promise<string | undefined> =>
    /^process_start_time_seconds .*$/m.exec((await ask('/metrics')) ?? '')?.[0];

  it('answers with what has been saved', async () => {
    await save(original.replace("status: 'ok' };", "status: 'new' as 'ok' };"));
    await answers('"new"');
  });

  it('leaves a process alone that does not run what was saved', async () => {
    const before = await startedAt();
    await save(`${await readFile(path.join(folder, ELSEWHERE), 'utf8')}// saved\n`, ELSEWHERE);
    await says(`compiled: ${ELSEWHERE}`);
    expect(await startedAt()).toBe(before);
    expect(before).toBeDefined();
  });

  it('keeps a spare that has loaded its packages, and lets it begin after a change', async () => {
    const before = await eventually('a process and its spare', 20_000, () => {
      const found = processesOf('main.js api');
      return found.length === 2 ? found : undefined;
    });
    await save(original.replace("status: 'ok' };", "status: 'by the spare' as 'ok' };"));
    await answers('"by the spare"');
    expect(before.filter((pid) => processesOf('main.js api').includes(pid))).toHaveLength(1);
  });

  it('shows what cannot be compiled, and starts a process that has ended after the next change', async () => {
    await save(original.replace('return {', 'return {{'));
    await says('error');
    await save(`${original}process.exit(3);\n`);
    await says('api has ended; it is started again after the next change');
    await save(original);
    await answers('"ok"');
  });
});
