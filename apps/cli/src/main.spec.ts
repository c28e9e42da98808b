import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '../../../test/standalone/typescript-program.js';

describe('the command line as a process', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function run(...words: string[]): Promise<{ status: number | null; lines: readonly string[] }> {
    const program = startProgram('../../apps/cli/src/main.ts', words);
    const { status } = await program.ended;
    return { status, lines: program.lines };
  }

  it('prints one JSON object and ends with 0 when a body could be classified', async () => {
    const file = join(folder, 'answer.json');
    await writeFile(file, '{"bitcoin":{"usd":87123.450}}');
    const words = ['--source', 'coingecko', '--tickers', 'btc_usd,eth_usd', '--status', '200'];
    const { status, lines } = await run('parse', ...words, file);
    expect(status).toBe(0);
    expect(lines).toEqual([
      '{"accepted":[{"ticker":"btc_usd","price":"87123.450","source_time":null}],"rejected":[],"missing":["eth_usd"],"error":null}',
    ]);
  });

  it('ends with 2 and a sentence when it was asked wrongly', async () => {
    const { status, lines } = await run('parse', '--source', 'coingecko', '--tickers', 'btc_usd', join(folder, 'none'));
    expect({ status, lines }).toEqual({ status: 2, lines: [expect.stringContaining('there is no such file')] });
  });

  it('ends with 1 when a source gave no price', async () => {
    const { status, lines } = await run('fetch', '--ticker', 'btc_usd', '--source', 'coincap');
    expect(status).toBe(1);
    expect(lines.join('\n')).toContain('needs a key, and none is set');
  });
});
