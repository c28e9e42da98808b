import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readHistoryFile } from './history-file.js';

const MINUTES = resolve(process.env['TIDEMARK_UPSTREAM'] ?? '../shared/upstream', 'history/minute');

describe('the real files of the project', () => {
  const files = ['bitfinex_BTCUSD_1m_2013.csv.gz', 'bitfinex_ETHUSD_1m_2016.csv', 'bitfinex_LTCUSD_1m_2013.csv'];
  const there = existsSync(MINUTES);
  if (!there) {
    it('were not read: there is no folder ../shared/upstream beside this checkout (TIDEMARK_UPSTREAM moves it)', () => {
      console.warn(`Skipped: real bars were not replayed, ${MINUTES} does not exist.`);
    });
  }
  (there ? it : it.skip).each(files)('%s gives every close, digit by digit', async (name) => {
    const path = join(MINUTES, name);
    const bytes = await readFile(path);
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const expected = text
      .split(/\r?\n/)
      .filter((line) => line !== '')
      .map((line) => line.split(',')[2]);
    const { closes } = await readHistoryFile(path);
    expect(closes.length).toBeGreaterThan(10_000);
    expect(closes).toEqual(expected);
  });

  (there ? it : it.skip).each(['kraken_trades_BCHEUR.csv', 'freqtrade_UNITTEST_BTC-1m.json'])(
    '%s is in another layout and is refused',
    async (name) => {
      await expect(readHistoryFile(join(MINUTES, name))).rejects.toThrow(/row 1|cannot be read/);
    },
  );
});
