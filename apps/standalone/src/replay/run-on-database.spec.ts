import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runOnDatabase } from './run-on-database.js';

const URL = 'postgres://tidemark:secret@127.0.0.1:1/none';

describe('a program that is run on the database', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-replay-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function programOf(body: string): Promise<string> {
    const entry = path.join(folder, 'program.mjs');
    await writeFile(entry, body);
    return entry;
  }

  it('gets the address of the database, and its status is handed back', async () => {
    const entry = await programOf(
      `process.exit(process.env.DATABASE_URL === '${URL}' && process.argv[2] === '--from' ? 7 : 8);`,
    );
    const complained: string[] = [];
    const status = await runOnDatabase(entry, ['--from', '1'], (text) => complained.push(text), { DATABASE_URL: URL });
    expect({ status, complained }).toEqual({ status: 7, complained: [] });
  });

  it('is not run when there is no database, and the status says so', async () => {
    const entry = await programOf('process.exit(0);');
    const complained: string[] = [];
    const environment = { TIDEMARK_HOME: path.join(folder, 'nothing') };
    expect(await runOnDatabase(entry, [], (text) => complained.push(text), environment)).toBe(2);
    expect(complained.join()).toMatch(/no database to replay from: .*make demo/);
  });

  it('ends with the status of misuse when it is killed', async () => {
    const entry = await programOf(`process.kill(process.pid, 'SIGKILL');`);
    expect(await runOnDatabase(entry, [], () => undefined, { DATABASE_URL: URL })).toBe(2);
  });
});
