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
  reporter = new Reporter({ folder, print: (line) => printed.push(line), columns: () => 80, now: () => 0 });
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

  it('shows warnings and errors, and equal ones once', () => {
    const error = JSON.stringify({ level: 'error', msg: 'cannot store', err: { message: 'refused' } });
    reporter.line('worker', error);
    reporter.line('worker', error);
    reporter.line('scheduler', '{"level":"warn","msg":"the clock is off"}');
    expect(printed).toEqual(['! worker error: cannot store: refused', '! scheduler warn: the clock is off']);
  });

  it('shows a crash that is not JSON', () => {
    reporter.line('api', 'Error [ERR_MODULE_NOT_FOUND]: Cannot find package');
    reporter.line('api', '    at somewhere');
    reporter.line('postgres', '2026-01-01 00:00:00.000 UTC [1] FATAL:  the database system is starting up');
    expect(printed.join('\n').split(/\s+/).join(' ')).toBe(
      `! api: Error [ERR_MODULE_NOT_FOUND]: Cannot find package (${join(folder, 'api.log')} has more)`,
    );
  });

  it('shows a fault of several lines whole, indented, between words and once', () => {
    const fault = `The environment is not usable:\n  - A_VARIABLE: ${'must be this or that '.repeat(6).trim()}\n  - B: no`;
    for (let time = 0; time < 3; time += 1) {
      reporter.line('worker', JSON.stringify({ level: 'error', msg: 'no start', err: { message: fault } }));
    }
    expect(printed).toHaveLength(1);
    const lines = printed[0]?.split('\n') ?? [];
    expect(lines[0]).toBe('! worker error: no start: The environment is not usable:');
    expect(lines[1]).toMatch(/^ {4}- A_VARIABLE: must be this or that .*that$/);
    expect(lines[2]).toMatch(/^ {6}must be/);
    expect(lines.at(-1)).toBe('    - B: no');
    expect(lines.every((line) => line.length <= 80)).toBe(true);
  });

  it('names the log of a crash, where its stack is', () => {
    const crash = { level: 'fatal', msg: 'x is undefined', err: { message: 'x is undefined', stack: 'at y' } };
    reporter.line('api', JSON.stringify(crash));
    expect(printed.join(' ').split(/\s+/).join(' ')).toBe(
      `! api fatal: x is undefined (${join(folder, 'api.log')} has more)`,
    );
    reporter.line('api', JSON.stringify({ level: 'fatal', msg: 'API_PORT 1 is in use' }));
    expect(printed.at(-1)).toBe('! api fatal: API_PORT 1 is in use');
  });

  it('breaks the line of a slot between tickers', () => {
    for (let index = 10; index < 40; index += 1) {
      const sample = { event: 'sample_stored', source: 'deribit', ticker: `t${index}_usd`, slot: 5, price: '1234.50' };
      reporter.line('worker', JSON.stringify({ ...sample, outcome: 'accepted' }));
    }
    reporter.line('worker', JSON.stringify({ event: 'slot_missed', ticker: 'a_usd', slot: 10, reason: 'not_taken' }));
    const lines = printed[0]?.split('\n') ?? [];
    expect(lines[0]).toBe('00:00:05Z  t10_usd 1234.50 deribit   t11_usd 1234.50 deribit');
    expect(lines[1]).toBe('           t12_usd 1234.50 deribit   t13_usd 1234.50 deribit');
    expect(lines).toHaveLength(15);
  });

  it('remembers the words of a process since its start, for its end', () => {
    reporter.line('scheduler', 'of an earlier run');
    reporter.forgetWords('scheduler');
    reporter.line('scheduler', 'X is not usable:');
    reporter.line('scheduler', '{"level":"info","msg":"planning"}');
    reporter.line('scheduler', '  - y: z');
    expect(reporter.lastingEnd('scheduler').message).toBe(
      [
        'scheduler cannot run, and no new start would mend that:',
        'X is not usable:',
        '  - y: z',
        `Its log: ${join(folder, 'scheduler.log')}`,
      ].join('\n'),
    );
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
