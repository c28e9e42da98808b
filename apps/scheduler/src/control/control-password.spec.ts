import '../../../../test/support/one-realm-of-errors.js';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { controlPassword } from './control-password.js';

describe('the password of the control API', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-password-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is the one that was given, and nothing is kept', async () => {
    expect(await controlPassword('given-password', folder)).toEqual({ password: 'given-password', file: undefined });
    await expect(stat(path.join(folder, 'control-password'))).rejects.toThrow('ENOENT');
  });

  it('is made once, and kept over restarts in a file that only its owner may read', async () => {
    const home = path.join(folder, 'not', 'there', 'yet');
    const made = await controlPassword(undefined, home);
    expect(made.password).toMatch(/^[\w-]{16}$/);
    expect(made.file).toBe(path.join(home, 'control-password'));
    expect((await stat(made.file ?? '')).mode & 0o777).toBe(0o600);
    expect((await readFile(made.file ?? '', 'utf8')).trim()).toBe(made.password);
    expect(await controlPassword(undefined, home)).toEqual(made);
  });

  it('is another one in every folder', async () => {
    const passwords = await Promise.all(
      ['a', 'b'].map(async (name) => controlPassword(undefined, path.join(folder, name))),
    );
    expect(passwords[0]?.password).not.toBe(passwords[1]?.password);
  });

  it('is the same for many schedulers that start at once', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => controlPassword(undefined, folder)));
    expect(new Set(found.map(({ password }) => password)).size).toBe(1);
    expect(found[0]?.password).toHaveLength(16);
  });

  it('is never empty: a file that was cut short is refused by its name', async () => {
    const file = path.join(folder, 'control-password');
    await writeFile(file, '\n');
    await expect(controlPassword(undefined, folder)).rejects.toThrow(`${file} holds no password: delete it`);
  });

  it('becomes unreadable for others again when somebody opened the file', async () => {
    const { file } = await controlPassword(undefined, folder);
    await chmod(file ?? '', 0o644);
    await controlPassword(undefined, folder);
    expect((await stat(file ?? '')).mode & 0o777).toBe(0o600);
  });

  it('says what to set when the folder cannot be made', async () => {
    const blocked = path.join(folder, 'a-file');
    await writeFile(blocked, '');
    for (const home of [blocked, path.join(blocked, 'below')]) {
      await expect(controlPassword(undefined, home)).rejects.toThrow(
        /set CONTROL_PASSWORD, or TIDEMARK_HOME to a folder that can be written/,
      );
    }
  });
});
