import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from './make-folder.js';

const COMPILED = path.resolve(import.meta.dirname, '../../../dist/libs/config/src/kept-password.js');

describe('making a folder', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-folder-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes those above it too, and leaves one that is there as it is', () => {
    const below = path.join(folder, 'a', 'b', 'c');
    makeFolder(below);
    makeFolder(below);
    expect(statSync(below).isDirectory()).toBe(true);
  });

  it('fails where a file stands in the way', () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    expect(() => makeFolder(file)).toThrow('EEXIST');
    expect(() => makeFolder(path.join(file, 'below'))).toThrow('ENOTDIR');
  });

  // In a process of its own, which can be ended.
  it.each(['/proc/x', '/proc/x/y'])('ends where nobody can make one, at %s', (home) => {
    const program = `import { keptPassword } from ${JSON.stringify(COMPILED)}; keptPassword(${JSON.stringify(`${home}/password`)});`;
    const words = ['--input-type=module', '--eval', program];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 5_000 });
    expect(status).toBe(1);
    expect(stderr).toContain('ENOENT');
  });
});
