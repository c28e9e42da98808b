import '../../../../test/support/one-realm-of-errors.js';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

  it('is otherwise made, and kept over restarts', async () => {
    const made = await controlPassword(undefined, folder);
    expect(made.file).toBe(path.join(folder, 'control-password'));
    expect((await readFile(made.file ?? '', 'utf8')).trim()).toBe(made.password);
    expect(await controlPassword(undefined, folder)).toEqual(made);
  });

  it('is never empty: a file that was cut short is refused by its name', async () => {
    const file = path.join(folder, 'control-password');
    await writeFile(file, '\n');
    await expect(controlPassword(undefined, folder)).rejects.toThrow(`${file} holds no password: delete it`);
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
