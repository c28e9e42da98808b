import { basicLogin } from './support/control-server.js';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

/** Kraken has room for a call every 2.2 s: the four that find the culprit fit into a window, also on a busy machine. */
const INTERVAL_SECONDS = 10;

/** A batch of four at each source; the symbol of SOL is delisted. */
const BATCHES = {
  kraken: { tickers: ['btc_usd', 'eth_usd', 'ada_usd'], culprit: 'sol_usd', symbol: 'SOLUSD' },
  binance: { tickers: ['btc_usdt', 'eth_usdt', 'ada_usdt'], culprit: 'sol_usdt', symbol: 'SOLUSDT' },
} as const;
const NAMES = ['kraken', 'binance'] as const;

const CATALOGUE = `tickers:\n${NAMES.flatMap((name) =>
  [...BATCHES[name].tickers, BATCHES[name].culprit].map(
    (ticker) =>
      `  - { ticker: ${ticker}, interval_seconds: ${INTERVAL_SECONDS}, sources: [{ source: ${name}, batch: all }] }\n`,
  ),
).join('')}`;

interface Status {
  readonly sources: readonly {
    readonly source: string;
    readonly state: string;
    readonly refused_symbols: readonly { readonly source_symbol: string; readonly detail: string }[];
  }[];
}

describe('a symbol that its source delists for a while', () => {
  let database: TestDatabase;
  let system: TestSystem;
  let controlUrl: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, catalogue: CATALOGUE });
    const variables = {
      SOURCE_LIMITS: 'published',
      ...Object.fromEntries(NAMES.map((name) => [`${name.toUpperCase()}_URL`, `${system.simulatorUrl}/${name}`])),
    };
    controlUrl = await system.start('scheduler', 'scheduler', 0, variables);
    for (const name of ['worker-1', 'worker-2']) await system.start('worker', name, 0, variables);
  }, 60_000);
  afterAll(async () => {
    await system?.stop();
    await database?.drop();
  });

  async function status(): Promise<Status['sources']> {
    const response = await fetch(`${controlUrl}/status`, { headers: basicLogin('tidemark', 'control-password') });
    const { sources } = (await response.json()) as Status;
    return sources.filter(({ source }) => NAMES.some((name) => name === source));
  }
  async function simulator(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    // A body that is announced and not there would be refused.
    const content =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${system.simulatorUrl}/simulator/${path}`, { method, ...content });
    if (!response.ok) throw new Error(`the simulator answers ${response.status} to ${method} ${path}`);
    return (await response.json()) as Readonly<Record<string, unknown>>;
  }
  /** The newest slot in which all of these have a price. */
  async function newestSlot(tickers: readonly string[]): Promise<number> {
    const { rows } = await system.pool.query<{ slot: number | null; count: number }>(
      `SELECT min(l.slot)::float8 AS slot, count(*)::int AS count FROM latest l JOIN tickers t ON t.id = l.ticker_id WHERE t.ticker = ANY($1)`,
      [tickers],
    );
    return rows[0]?.count === tickers.length ? (rows[0].slot ?? 0) : 0;
  }
  const priceAfter = (slot: number, tickers: readonly string[]) =>
    eventually(`a price of ${tickers.join()} after ${slot}`, 60_000, async () => {
      const newest = await newestSlot(tickers);
      return newest > slot ? newest : undefined;
    });
  const culprits = NAMES.map((name) => BATCHES[name].culprit);
  const healthy = NAMES.flatMap((name) => BATCHES[name].tickers);

  it('costs the others two slots at most, is named, opens no circuit and no limit, and comes back', async () => {
    const before = await priceAfter(0, [...healthy, ...culprits]);
    for (const name of NAMES)
      await simulator('POST', 'faults', { kind: 'delisted', source: name, ticker: BATCHES[name].symbol, seconds: 600 });
    const named = await eventually('both to be named', 60_000, async () => {
      const sources = await status();
      const isFound = sources.every(({ state, refused_symbols: refused }) => state === 'ok' && refused.length === 1);
      return isFound ? sources : undefined;
    });
    for (const { source, refused_symbols: refused } of named) {
      const { symbol } = BATCHES[source as (typeof NAMES)[number]];
      expect(refused).toMatchObject([{ source_symbol: symbol, detail: expect.stringMatching(/Unknown asset|-1121/) }]);
    }
    const after = await priceAfter(await newestSlot(healthy), healthy);
    const { rows: had } = await system.pool.query<{ ticker: string; count: number }>(
      `SELECT t.ticker, count(*)::int AS count FROM prices p JOIN tickers t ON t.id = p.ticker_id
       WHERE p.slot > $1 AND p.slot <= $2 AND t.ticker = ANY($3) GROUP BY t.ticker`,
      [before, after, healthy],
    );
    const slots = (after - before) / INTERVAL_SECONDS;
    for (const ticker of healthy)
      expect(had.find((row) => row.ticker === ticker)?.count ?? 0).toBeGreaterThanOrEqual(slots - 2);
    const { rows: said } = await system.pool.query<{ reason: string; detail: string }>(
      `SELECT s.reason, s.detail FROM samples s JOIN tickers t ON t.id = s.ticker_id WHERE s.slot = $1 AND t.ticker = ANY($2)`,
      [after, culprits],
    );
    expect(said).toHaveLength(2);
    for (const { reason, detail } of said) {
      expect(reason).toBe('not_found');
      expect(detail).toMatch(/ refuses SOLUSDT? since .*; it is asked again at /);
    }

    await simulator('DELETE', 'faults');
    // Its next try would be a minute away.
    await system.pool.query(
      `UPDATE refused_symbols SET since = since - interval '2 minutes', last_tried_at = last_tried_at - interval '2 minutes',
         next_try_at = next_try_at - interval '2 minutes'`,
    );
    await priceAfter(after, culprits);
    expect((await status()).map(({ refused_symbols: refused }) => refused)).toEqual([[], []]);
    expect(system.lines('worker').filter(({ event }) => event === 'source_circuit_opened')).toEqual([]);
    for (const event of ['source_symbol_refused', 'source_symbol_answered'])
      await eventually(`${event} to be logged once for each source`, 5_000, async () => {
        const logged = system.lines('worker').filter((line) => line.event === event);
        expect(logged.map(({ source }) => source).toSorted()).toEqual(NAMES.toSorted());
        return logged;
      });

    const { sources } = await simulator('GET', 'counters?windows=1,60');
    const most = (name: string) => (sources as Counters | undefined)?.[name]?.peaks;
    expect(most('kraken')?.['1']?.calls).toBeLessThanOrEqual(1);
    expect(most('binance')?.['60']?.weight).toBeLessThanOrEqual(6_000);
    const verified = system.verify();
    expect(verified.stdout + verified.stderr).not.toMatch(/broken/);
  }, 240_000);
});

/** The most that came to each source in any window, by its length in seconds. */
type Counters = Readonly<
  Record<string, { readonly peaks: Readonly<Record<string, { readonly calls: number; readonly weight: number }>> }>
>;
