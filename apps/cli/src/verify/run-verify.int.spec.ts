import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CatalogueRepository,
  createDataSource,
  HistoryRepository,
  recordSimulation,
  ExpectedPricesUnavailableError,
} from '@app/storage';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { runVerify } from './run-verify.js';
import { SimulatorPrices } from './simulator-prices.js';

const appsFolder = resolve('dist/apps');
const simulation = { since: 0, seed: 'a seed of this test', history: null };
const question = {
  simulation,
  source: 'deribit',
  name: 'btc_usd',
  quote: 'usd',
  fromSecond: 1_740_787_200,
  toSecond: 1_740_787_201,
};

/** Runs verify as the command line does. */
async function verify(argv: readonly string[], environment: NodeJS.ProcessEnv) {
  const terminal = keptTerminal({ environment });
  const code = await runVerify(argv, terminal, appsFolder);
  return { code, text: terminal.printed().trimEnd(), complaint: terminal.complained().trimEnd() };
}

describe('verify', () => {
  let database: TestDatabase;
  const wholeMinute = Math.floor(Date.now() / 60_000) * 60;
  const slots = Array.from({ length: 60 }, (_, index) => wholeMinute - 3_600 + index * 60);

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(`INSERT INTO settings VALUES ('schema', '"Spine1763600000000"') ON CONFLICT DO NOTHING`);
    await recordSimulation(database.pool, simulation);
    const dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
    const source = { sourceId: 1, position: 0, sourceSymbol: 'btc_usd', batch: 'btc_usd', intervalSeconds: 60 };
    await new CatalogueRepository(dataSource).put(
      { ticker: 'btc_usd', intervalSeconds: 60, rule: 'priority', sources: [source] },
      Date.now(),
    );
    await dataSource.destroy();
    const expected = new SimulatorPrices(join(appsFolder, 'simulator/src/main.js'));
    const prices = await expected.expectedPricesOf(
      slots.map((slot) => ({ ...question, fromSecond: slot, toSecond: slot })),
    );
    await expected.stop();
    await new HistoryRepository(database.pool).insert({
      ticker: 'btc_usd',
      sourceId: 1,
      intervalSeconds: 60,
      receivedAt: new Date(wholeMinute * 1000),
      points: slots.map((slot, index) => [slot, prices[index]?.[0] ?? '']),
    });
  });
  afterAll(() => database.drop());

  it('proves a database whose prices are those of the simulator', async () => {
    const { code, text } = await verify([], { DATABASE_URL: database.url });
    expect(text).toMatch(/^I1 {2}ok .* expected (59|60) · stored (59|60) · explained 0 · unexplained 0/m);
    expect(text).toMatch(/^I4 {2}ok .* compared 60 · different 0$/m);
    expect(text).toMatch(/^I3 {2}unproven/m);
    expect(code).toBe(0);
  });

  it('names the digit that was altered, and ends with 1', async () => {
    const slot = slots[30];
    const { rows } = await database.pool.query<{ price: string }>(`SELECT price FROM prices WHERE slot = $1`, [slot]);
    await database.pool.query(`UPDATE prices SET price = price + 0.01 WHERE slot = $1`, [slot]);
    const { code, text } = await verify(['--json'], { DATABASE_URL: database.url });
    // Not by subtracting it again, which would leave a price of one digit with two: 86726.0 as 86726.00.
    await database.pool.query(`UPDATE prices SET price = $2 WHERE slot = $1`, [slot, rows[0]?.price]);
    const result = JSON.parse(text) as { verdict: string; findings: { invariant: string; problems: unknown[] }[] };
    expect(result.verdict).toBe('broken');
    const expected = result.findings.find(({ invariant }) => invariant === 'I4');
    expect(expected?.problems).toMatchObject([{ count: 1, examples: [{ ticker: 'btc_usd', slot }] }]);
    expect(code).toBe(1);
  });

  it.each([
    ['an argument that it does not know', ['--all'], {}, /Usage: tidemark verify/],
    ['no database anywhere', [], { TIDEMARK_HOME: '/nowhere' }, /no database to verify: .*make demo/],
    ['a database that cannot be reached', [], { DATABASE_URL: 'postgres://127.0.0.1:1/x' }, /Nothing was verified/],
  ])('ends with 2 for %s', async (_what, argv, environment, complaint) => {
    const result = await verify(argv, environment);
    expect(result).toMatchObject({ code: 2, text: expect.not.stringContaining('I1') });
    expect(result.complaint).toMatch(complaint);
  });
});

describe('SimulatorPrices', () => {
  // One for all tests, as for all questions of a verify: a simulator of the same seed is started once.
  const expected = new SimulatorPrices(join(appsFolder, 'simulator/src/main.js'));
  afterAll(() => expected.stop());

  it('gives one price for each second, in the order of the questions and by their own seed', async () => {
    const other = { ...question, simulation: { ...simulation, seed: 'another' } };
    const [first, second, third] = await expected.expectedPricesOf([question, other, question]);
    expect(first).toHaveLength(2);
    expect(third).toEqual(first);
    expect(second).not.toEqual(first);
  });

  it('says undefined for a name that the simulator does not have, and answers the others', async () => {
    const [known, unknown, coin] = await expected.expectedPricesOf([
      question,
      { ...question, name: 'nothing_usd' },
      { ...question, source: 'coingecko', name: 'bitcoin' },
    ]);
    expect(known).toHaveLength(2);
    expect(unknown).toBeUndefined();
    expect(coin).toHaveLength(2);
  });

  it('cannot tell of a source that nothing declares, and says how it is declared', async () => {
    const declared = { ...question, source: 'okx', name: 'BTC-USDT', quote: 'usdt' };
    await expect(expected.expectedPricesOf([declared])).rejects.toThrow(/okx.*HTTP_SOURCES_FILE/);
    const knowing = new SimulatorPrices(
      join(appsFolder, 'simulator/src/main.js'),
      undefined,
      'docs/sources.example.yaml',
    );
    const [prices] = await knowing.expectedPricesOf([declared]);
    await knowing.stop();
    expect(prices).toHaveLength(2);
  });

  it('replays the file that was recorded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
    const history = join(folder, 'bars.csv');
    writeFileSync(history, '1740787200000,10,11.50,12,9,1\n1740787260000,11,12.25,13,10,1\n');
    try {
      const [prices] = await expected.expectedPricesOf([{ ...question, simulation: { ...simulation, history } }]);
      expect(new Set(prices)).toEqual(new Set(['11.50', '12.25']));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('cannot tell where the file that was replayed is gone', async () => {
    const gone = { ...question, simulation: { ...simulation, history: '/nowhere/bars.csv' } };
    await expect(expected.expectedPricesOf([gone])).rejects.toThrow(ExpectedPricesUnavailableError);
  });
});
