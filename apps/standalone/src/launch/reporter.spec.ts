import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reporter } from './reporter.js';

let folder: string;
const printed: string[] = [];
let reporter: Reporter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-reporter-'));
  printed.length = 0;
  reporter = new Reporter({ folder, print: (line) => printed.push(line), now: () => 0 });
});
afterEach(() => {
  reporter.close();
  rmSync(folder, { recursive: true });
});

describe('a reporter', () => {
  it('keeps every line in the log of its process', () => {
    reporter.line('worker', '{"level":"info","msg":"quiet"}');
    reporter.line('worker', 'plain text');
    expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe('{"level":"info","msg":"quiet"}\nplain text\n');
    expect(printed).toEqual([]);
  });

  it('shows warnings and errors as one line, and equal ones once', () => {
    const error = JSON.stringify({ level: 'error', msg: 'cannot store', err: { message: 'refused\nat somewhere' } });
    reporter.line('worker', error);
    reporter.line('worker', error);
    reporter.line('scheduler', '{"level":"warn","msg":"the clock is off"}');
    expect(printed).toEqual(['! worker error: cannot store: refused', '! scheduler warn: the clock is off']);
  });

  it('shows a crash that is not JSON', () => {
    reporter.line('api', 'Error [ERR_MODULE_NOT_FOUND]: Cannot find package');
    reporter.line('api', '    at somewhere');
    reporter.line('postgres', '2026-01-01 00:00:00.000 UTC [1] FATAL:  the database system is starting up');
    expect(printed).toEqual(['! api: Error [ERR_MODULE_NOT_FOUND]: Cannot find package']);
  });

  it('announces the first stored price once, and no price that was rejected', () => {
    let calls = 0;
    reporter.onFirstPrice(() => (calls += 1));
    const sample = { level: 'info', event: 'sample_stored', source: 'deribit', ticker: 'btc_usd', slot: 5, price: '1' };
    reporter.line('worker', JSON.stringify({ ...sample, outcome: 'rejected', reason: 'absurd' }));
    expect(calls).toBe(0);
    reporter.line('worker', JSON.stringify({ ...sample, outcome: 'accepted' }));
    reporter.line('worker', JSON.stringify({ ...sample, slot: 10, outcome: 'accepted' }));
    expect(calls).toBe(1);
    expect(printed).toEqual(['00:00:05Z  btc_usd 1 deribit', '00:00:10Z  btc_usd 1 deribit']);
  });

  it('prints nothing more once it is quiet, and still keeps it', () => {
    reporter.quiet();
    reporter.line('api', '{"level":"error","msg":"the last words"}');
    expect(printed).toEqual([]);
    expect(readFileSync(join(folder, 'api.log'), 'utf8')).toContain('the last words');
  });

  it('says once that the logs cannot be written, and goes on', () => {
    mkdirSync(join(folder, 'broken.log'));
    reporter.line('broken', '{"level":"info","msg":"one"}');
    reporter.line('broken', '{"level":"info","msg":"two"}');
    expect(printed).toEqual([expect.stringMatching(/^! The logs cannot be written: EISDIR/)]);
  });

  it.each(['{', '{"event":"sample_stored"}', '{"event":"sample_stored","ticker":7}', '{"level":7}', '[]'])(
    'is not disturbed by %s',
    (line) => {
      reporter.line('worker', line);
      expect(printed).toEqual([]);
    },
  );
});
