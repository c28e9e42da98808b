import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from '../../../test/support/processes.js';

describe('the command line as a process', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function run(...words: string[]): { status: number | null; lines: readonly string[] } {
    const { status, stdout, stderr } = runToEnd('cli/src/main.js', words, { HOME: process.env['HOME'] });
    return { status, lines: `${stdout}${stderr}`.split('\n').filter((line) => line !== '') };
  }

  it('prints one JSON object and ends with 0 when a body could be classified', async () => {
    const file = join(folder, 'answer.json');
    await writeFile(file, '{"bitcoin":{"usd":87123.450}}');
    const words = ['--source', 'coingecko', '--tickers', 'btc_usd,eth_usd', '--status', '200'];
    const { status, lines } = run('parse', ...words, file);
    expect(status).toBe(0);
    expect(lines).toEqual([
      '{"accepted":[{"ticker":"btc_usd","price":"87123.450","source_time":null,"flags":[]}],"rejected":[],"missing":["eth_usd"],"error":null}',
    ]);
  });

  it('ends with 2 and a sentence when it was asked wrongly', async () => {
    const { status, lines } = run('parse', '--source', 'coingecko', '--tickers', 'btc_usd', join(folder, 'none'));
    expect({ status, said: lines.join(' ') }).toEqual({
      status: 2,
      said: expect.stringContaining('there is no such file') as string,
    });
  });

  it('ends with 1 when a source gave no price', async () => {
    const { status, lines } = run('fetch', '--ticker', 'btc_usd', '--source', 'coincap');
    expect(status).toBe(1);
    expect(lines.join('\n')).toContain('needs a key, and none is set');
  });

  it.each(['all', 'api', 'worker', 'scheduler', 'migrate', 'simulator', 'health', 'verify', 'replay'])(
    'shows the help of %s and does not start it',
    (name) => {
      const { status, lines } = run(name, '--help');
      expect(status).toBe(0);
      expect(lines[0]).toBe(`Usage: tidemark ${name} [options]`);
    },
  );

  it('does not start a process with words that it does not take', () => {
    const { status, lines } = run('api', '--port', '8000');
    expect(status).toBe(2);
    expect(lines).toContain('Usage: tidemark api [options]');
  });
});
