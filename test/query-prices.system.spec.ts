import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { serveReadyApi, type ServedApi } from './builders/served-api.js';
import { storeFailures, storeGap, storePrices, storeSchedules } from './builders/stored-prices.js';
import { examplesOf, LANGUAGES, pythonWithPandas, runAsOne, type Language } from './support/page-examples.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const EXAMPLES = examplesOf('docs/query-prices.md');

/** Where the page says that the API is. */
const ADDRESS = 'http://127.0.0.1:8000';

/** 2025-12-17, the day of the page, in UNIX seconds. */
const DAY = 1_765_929_600;
const INTERVAL_SECONDS = 60;
const SLOTS = 1_440;

/** Slots of the day without a price: ten that nobody planned from 15:04 on, and 15:20, whose call timed out. */
const UNPLANNED = { from: DAY + 54_240, to: DAY + 54_840 };
const TIMED_OUT = DAY + 55_200;

/** What depends on when the test runs, or is of no use to a reader. */
const VARYING = new Set(['age_seconds', 'next', 'request_id']);

/** Passes questions on to the API, after a first one that it answers as an API whose database is away. */
async function startStumbling(api: ServedApi): Promise<{ url: string; close: () => void }> {
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked += 1;
    if (asked === 1) {
      response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/problem+json' });
      response.end('{"detail":"The database does not answer; ask again shortly."}');
      return;
    }
    void api.get(request.url ?? '').then(({ status, headers, text }) => {
      response.writeHead(status, { 'content-type': headers.get('content-type') ?? '' });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The same without what varies. */
function comparable(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) => (VARYING.has(key) && value !== null ? 'varies' : value));
}

/** What is wrong by an answer; what an example writes and is no JSON is no answer. */
function problemIn(output: string): unknown {
  return output.startsWith('{') ? (JSON.parse(output) as { type?: unknown }).type : undefined;
}

describe('Query prices', () => {
  let database: TestDatabase;
  let api: ServedApi;
  let folder: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { pool } = database;
    await storeSchedules(pool, 'btc_usd', [
      { fromSlot: DAY, toSlot: DAY + SLOTS * INTERVAL_SECONDS, intervalSeconds: INTERVAL_SECONDS },
    ]);
    const prices = Array.from({ length: SLOTS }, (_, index) => ({
      slot: DAY + index * INTERVAL_SECONDS,
      price: `${86_000 + index}.5`,
    }));
    const isMissing = (slot: number) => slot === TIMED_OUT || (slot >= UNPLANNED.from && slot < UNPLANNED.to);
    await storePrices(
      pool,
      'btc_usd',
      prices.filter(({ slot }) => !isMissing(slot)),
    );
    await storeGap(pool, 'btc_usd', UNPLANNED.from, UNPLANNED.to);
    await storeFailures(pool, 'btc_usd', [{ slot: TIMED_OUT, reason: 'timeout' }]);
    api = await serveReadyApi(database.readerUrl);
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-query-'));
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs all examples of a language, and holds what they write against what the page shows. */
  async function expectShown(language: Language, name: string, url: string): Promise<void> {
    const examples = EXAMPLES.filter((example) => example.language === name);
    expect(examples.length).toBeGreaterThan(2);
    const outputs = await runAsOne(
      language,
      examples.map(({ code }) => code.replaceAll(ADDRESS, url)),
      folder,
    );
    for (const [index, { line, shown }] of examples.entries()) {
      const output = (outputs[index] ?? '').replaceAll(/ +$/gm, '');
      if (shown?.language === 'json')
        expect({ line, output: comparable(output) }).toEqual({ line, output: comparable(shown.text) });
      else if (shown === undefined) expect({ line, problem: problemIn(output) }).toEqual({ line, problem: undefined });
      else expect({ line, output }).toEqual({ line, output: shown.text });
    }
  }

  /** The same, with an API that is away at first. */
  async function expectShownWhileAway(language: Language, name: string): Promise<void> {
    const stumbling = await startStumbling(api);
    try {
      await expectShown(language, name, stumbling.url);
    } finally {
      stumbling.close();
    }
  }

  it('has examples in these languages alone', () => {
    expect(new Set(EXAMPLES.map(({ language }) => language))).toEqual(new Set(['bash', 'python', 'js']));
  });

  it('shows what its curl examples give', async () => {
    await expectShown(LANGUAGES.bash, 'bash', api.url);
  });

  it('shows what its JavaScript gives, also when the API is away at first', async () => {
    await expectShownWhileAway(LANGUAGES.js, 'js');
  });

  const python = pythonWithPandas();
  if (python === undefined) {
    process.stderr.write('There is no Python with pandas: the Python of docs/query-prices.md is NOT tested.\n');
    test.skip('its Python: not run, because there is no pandas', () => undefined);
  } else {
    it('shows what its Python gives, also when the API is away at first', async () => {
      await expectShownWhileAway(python, 'python');
    });
  }

  it.each(EXAMPLES.filter(({ heading, language }) => heading === 'Where a price came from' && language === 'bash'))(
    'explains what it says that it explains',
    async ({ code }) => {
      const [answer] = await runAsOne(LANGUAGES.bash, [code.replaceAll(ADDRESS, api.url)], folder);
      expect(JSON.parse(answer ?? '')).toMatchObject({ slot: TIMED_OUT, state: 'missing' });
    },
  );
});
