import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tidemark-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('a log file', () => {
  it('keeps two files of bounded size, the newest lines last', () => {
    const file = join(folder, 'worker.log');
    const log = new LogFile(file, 100);
    for (let line = 0; line < 100; line += 1) log.write(`line ${String(line).padStart(3, '0')}`);
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['worker.log', 'worker.log.1']);
    const kept = [`${file}.1`, file].map((each) => readFileSync(each, 'utf8')).join('');
    expect(kept.endsWith('line 098\nline 099\n')).toBe(true);
    for (const each of [file, `${file}.1`]) expect(statSync(each).size).toBeLessThanOrEqual(100);
  });

  it('goes on where an earlier launcher stopped, and is read by its owner alone', () => {
    const file = join(folder, 'api.log');
    new LogFile(file).write('one');
    new LogFile(file).write('two');
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('takes a line that is longer than a whole file', () => {
    const file = join(folder, 'long.log');
    const log = new LogFile(file, 10);
    log.write('x'.repeat(50));
    log.write('y');
    expect(readFileSync(file, 'utf8')).toBe('y\n');
  });
});
