import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const UPSTREAM = process.env.TIDEMARK_UPSTREAM ?? path.resolve(import.meta.dirname, '../../shared/upstream');
const FILES = ['bitfinex_LTCUSD_1m_2013.csv', 'bitfinex_BTCUSD_1m_2013.csv.gz'].map((name) =>
  path.join(UPSTREAM, 'history/minute', name),
);
const isThere = FILES.every((file) => existsSync(file));
if (!isThere) {
  process.stderr.write(
    'The folder of real price files is not there (TIDEMARK_UPSTREAM): "real bars in, the same bars out" does NOT run.\n',
  );
}

/** Slots that are compared for each ticker and file. */
const SLOTS = 8;

interface Served {
  readonly data: readonly { readonly timestamp: number; readonly price: string }[];
}

(isThere ? describe : describe.skip).each(FILES)('real bars in, the same bars out of GET /prices: %s', (file) => {
  let database: TestDatabase;
  let system: TestSystem;
  let apiUrl: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, intervalSeconds: 1, history: file });
    await system.start('scheduler');
    await system.start('worker');
    apiUrl = await system.start('api');
  }, 60_000);

  afterAll(async () => {
    await system?.stop();
    await database?.drop();
  });

  it('serves for each slot the close of the bar of that second, digit by digit', async () => {
    const closes = closesOf(file);
    for (const ticker of ['btc_usd', 'eth_usd']) {
      const { data } = await eventually('enough prices', 40_000, async () => {
        const answer = (await (await fetch(`${apiUrl}/prices?ticker=${ticker}`)).json()) as Served;
        return answer.data.length >= SLOTS ? answer : undefined;
      });
      // A call made in the last millisecond of a slot is answered in the next second at the earliest.
      const wrong = data.filter(
        ({ timestamp, price }) =>
          ![timestamp, timestamp + 1].some((second) => closes[second % closes.length] === price),
      );
      expect(wrong).toEqual([]);
      expect(new Set(data.map(({ timestamp }) => timestamp)).size).toBe(data.length);
    }
  }, 60_000);
});

/** The third column of each row, as it stands in the file: ms,open,close,high,low,volume. */
function closesOf(file: string): string[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.split(',')[2] ?? '');
}
