import { jest } from '@jest/globals';
import { CallBudget, RefusedSymbolRepository, SourceStateRepository } from '@app/storage';
import { register } from '@prometheus-io/client';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { storeFailures } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { readSourceStates } from './read-source-states.task.js';

const T = Date.UTC(2026, 10, 20, 12);

describe('reading how the sources stand', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('exports who is paused, whose circuit is open, whose answers cannot be used, and what is left of a month', async () => {
    const { pool } = database;
    const states = new SourceStateRepository(pool);
    const usual = { batch: 'a', windowSeconds: 15, isProbe: false, message: '' };
    await states.noteFailure(1, { ...usual, kind: 'rate_limited', atMs: T - 1_000 }, 1);
    for (const atMs of [T - 3_000, T - 2_000]) await states.noteFailure(2, { ...usual, kind: 'unauthorized', atMs }, 1);
    await catalogueTickers(database.url, { ticker: 'ltc_usd', fromSlot: 0 });
    await new RefusedSymbolRepository(pool).learn(1, {
      ...{ refused: [{ symbol: 'ltc_usd', detail: 'gone' }], suspects: [], answered: [] },
    });
    const limit = { share: 100, perSeconds: 60 };
    await new CallBudget(pool).take({ sourceId: 2, cost: 7, nowMs: T, limit, monthly: 10_000 });
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T / 1000 - 60 });
    const slots = [1, 2, 3].map((after) => T / 1000 - after);
    await storeFailures(
      pool,
      'btc_usd',
      slots.map((slot) => ({ slot, outcome: 'rejected', reason: 'jump' })),
    );
    await catalogueTickers(database.url, {
      ticker: 'eth_usd',
      fromSlot: T / 1000 - 60,
      sources: [{ sourceId: 2, sourceSymbol: 'ethereum' }],
    });
    await storeFailures(
      pool,
      'eth_usd',
      slots.map((slot) => ({ slot, outcome: 'rejected', reason: 'stale', sourceId: 2 })),
    );
    const access = { coingecko: { apiKey: 'x', plan: 'demo' } };
    const query = jest.spyOn(pool, 'query');
    await readSourceStates({ pool, access, limited: true, now: () => T }).run(new AbortController().signal);
    // Every 15 s: the numbers alone, and not since when each source disagrees.
    const asked = query.mock.calls.map(([statement]) => (statement as { readonly name?: string }).name);
    expect(asked).toContain('recent-samples');
    expect(asked).not.toContain('disagreeing-since');
    const text = await register.metrics();
    expect(text).toContain('tidemark_source_paused{source="deribit"} 1');
    expect(text).toContain('tidemark_source_circuit_open{source="deribit"} 0');
    expect(text).toContain('tidemark_source_paused{source="coingecko"} 0');
    expect(text).toContain('tidemark_source_circuit_open{source="coingecko"} 1');
    expect(text).toContain('tidemark_source_refused_symbols{source="deribit"} 1');
    expect(text).toContain('tidemark_source_refused_symbols{source="coingecko"} 0');
    expect(text).toContain('tidemark_source_failures{source="coingecko"} 2');
    expect(text).toContain('tidemark_source_disagreeing_tickers{source="deribit"} 1');
    expect(text).toContain('tidemark_source_disagreeing_tickers{source="coingecko"} 0');
    expect(text).toContain('tidemark_source_unusable{source="deribit"} 0');
    expect(text).toContain('tidemark_source_unusable{source="coingecko"} 1');
    expect(text).toContain('tidemark_source_credits_used{source="coingecko"} 7');
    expect(text).toContain('tidemark_source_credits_left{source="coingecko"} 9993');
  });
});
