import { stripVTControlCharacters } from 'node:util';
import { lineFormat } from './readable-line.js';

const LINE = '{"level":"info","time":"2026-11-30T18:00:00.000Z","process":"worker","pid":7,"msg":"ready","port":8000}';

describe('a line of a child', () => {
  it('is readable on a terminal, with the name of the process', async () => {
    const format = await lineFormat(true);
    const text = stripVTControlCharacters(format(LINE));
    expect(text).toMatch(/^\[[\d:.]+\] INFO: worker: ready\n {4}port: 8000$/);
    expect(format('no JSON')).toBe('no JSON');
  });

  it('stays as it came elsewhere', async () => {
    const format = await lineFormat(false);
    expect(format(LINE)).toBe(LINE);
  });
});
