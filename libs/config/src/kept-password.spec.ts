import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { keptPassword } from './kept-password.js';

const COMPILED = path.resolve(import.meta.dirname, '../../../dist/libs/config/src/kept-password.js');

describe('a password that is kept', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-password-'));
    file = path.join(folder, 'not', 'there', 'yet', 'password');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, with its folder, in a file that its owner alone can read', async () => {
    const made = keptPassword(file);
    expect(made).toMatch(/^[\w-]{24}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, 'utf8')).trim()).toBe(made);
    expect(keptPassword(file)).toBe(made);
    expect(await readdir(path.dirname(file))).toEqual(['password']);
  });

  it('is another one in every file', () => {
    expect(keptPassword(file)).not.toBe(keptPassword(`${file}-of-another`));
  });

  it('is the same for many processes that start at once', async () => {
    const program = `import { keptPassword } from ${JSON.stringify(COMPILED)}; process.stdout.write(keptPassword(${JSON.stringify(file)}));`;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    const outputs = await Promise.all(Array.from({ length: 8 }, run));
    expect(new Set(outputs.map(({ stdout }) => stdout))).toEqual(new Set([keptPassword(file)]));
  });

  it('is never empty: a file that was cut short is refused by its name', async () => {
    keptPassword(file);
    await writeFile(file, '\n');
    expect(() => keptPassword(file)).toThrow(`${file} holds no password: delete it`);
  });

  it('becomes unreadable for others again when somebody opened the file', async () => {
    keptPassword(file);
    await chmod(file, 0o644);
    keptPassword(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
