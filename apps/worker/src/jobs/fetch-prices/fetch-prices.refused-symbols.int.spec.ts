import { fetchState } from '../../../../../test/builders/planned-fetch.js';
import { RefusingBatch } from '../../../../../test/support/refusing-batch.js';

describe.each(['kraken', 'binance'] as const)('a symbol of a batch that %s refuses', (name) => {
  let batch: RefusingBatch;
  const all = RefusingBatch.symbolsOf(name);
  const [healthyA, healthyB, delisted, healthyD] = all;
  const healthy = [healthyA, healthyB, healthyD];
  const named = (...list: readonly string[]): string => list.join(',');
  const priced = Object.fromEntries(['btc_usd', 'eth_usd', 'ada_usd'].map((ticker) => [ticker, '100']));

  beforeEach(async () => {
    batch = await RefusingBatch.start(name);
  });
  afterEach(() => batch.stop());

  it('costs the others nothing: it is found in the same slot, left out of the next, and named', async () => {
    expect(await batch.minute(0)).toEqual([named(...all), 'list', named(...healthy), delisted]);
    expect(await batch.prices(0)).toEqual(priced);
    const words = name === 'kraken' ? /error EQuery:Unknown asset pair/ : /error -1121 Invalid symbol/;
    expect((await batch.samples(0))['sol_usd']).toMatch(words);
    expect(await batch.minute(1)).toEqual([named(...healthy)]);
    expect(await batch.prices(1)).toEqual(priced);
    expect((await batch.samples(1))['sol_usd']).toMatch(
      new RegExp(
        `^not_found: ${name} refuses ${delisted} since 2\\d{3}-.*Z \\(.*\\); it is asked again at 2\\d{3}-.*Z$`,
      ),
    );
    expect(await batch.symbols.list()).toMatchObject([{ symbol: delisted, sourceId: batch.sourceId }]);
    expect(await batch.health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
    expect(batch.log('source_symbol_refused')).toMatchObject([{ source: name, source_symbol: delisted }]);
  });

  it('is found by halving where the list still has it, or cannot be had', async () => {
    batch.upstream.listed = undefined;
    const [left, right] = [named(healthyA, healthyB), named(delisted, healthyD)];
    expect(await batch.minute(0)).toEqual([named(...all), 'list', left, delisted, healthyD]);
    expect(right).toContain(delisted);
    expect(await batch.prices(0)).toEqual(priced);
    expect(await batch.minute(1)).toEqual([named(...healthy)]);
  });

  it('goes on in the next slot with what was learned, where the limit has no room for more', async () => {
    batch.upstream.listed = undefined;
    batch.room = 2;
    expect(await batch.minute(0)).toEqual([named(...all), 'list']);
    expect((await batch.samples(0))['btc_usd']).toMatch(
      /^not_found: .* refuses one of 4 symbols .* which of them is being found out$/,
    );
    batch.room = 3;
    expect(await batch.minute(1)).toEqual([named(...all), named(healthyA, healthyB), delisted]);
    expect(await batch.prices(1)).toEqual({ btc_usd: '100', eth_usd: '100' });
    batch.room = 2;
    expect(await batch.minute(2)).toEqual([named(healthyA, healthyB), healthyD]);
    expect(await batch.prices(2)).toEqual(priced);
    batch.room = 1;
    expect(await batch.minute(3)).toEqual([named(...healthy)]);
    expect(await batch.health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
  });

  it.each([
    ['finds no room', 'late: '],
    ['finds the month spent', 'no_credits: '],
    ['fails', 'unavailable: '],
  ])('is nothing that those are blamed for who were not asked, where the next call %s', async (end, said) => {
    const suspects = [{ symbols: [healthyA, delisted], detail: 'refused' }];
    await batch.symbols.learn(batch.sourceId, { refused: [], suspects, answered: [] });
    // They come first when they have found no room for minutes.
    await batch.becomeOverdue();
    batch.upstream.listed = undefined;
    batch.room = end === 'fails' ? Infinity : 2;
    if (end === 'finds the month spent') batch.noRoom = { kind: 'no_credits' };
    batch.upstream.failWith = (call) => (end === 'fails' && call > 2 ? 503 : undefined);
    await batch.minute(0);
    expect(batch.upstream.calls.slice(0, 2)).toEqual([named(healthyA, delisted), 'list']);
    const refused = expect.stringMatching(/^not_found: .* refuses one of 2 symbols/) as string;
    expect(await batch.samples(0)).toEqual({
      btc_usd: refused,
      sol_usd: refused,
      eth_usd: expect.stringContaining(said) as string,
      ada_usd: expect.stringContaining(said) as string,
    });
  });

  it.each([429, 418])('is looked for no further when the call for the list is answered with %i', async (status) => {
    batch.upstream.listed = undefined;
    batch.upstream.listStatus = status;
    expect(await batch.minute(0)).toEqual([named(...all), 'list']);
    expect(await batch.health()).toMatchObject({ lastFailureKind: 'rate_limited' });
    expect((await batch.samples(0))['btc_usd']).toMatch(/^not_found: .* refuses one of 4 symbols/);
  });

  it('is not condemned, and nobody is, while the source refuses everybody: then the source is at fault', async () => {
    batch.upstream.listed = all;
    batch.upstream.delisted.clear();
    batch.upstream.isConfused = true;
    for (const number of [0, 1]) await batch.minute(number);
    expect(await batch.symbols.list()).toEqual([]);
    expect(await batch.health()).toMatchObject({ circuitReason: 'not_found', lastFailureKind: 'not_found' });
    batch.upstream.isConfused = false;
    await batch.fixture.database.pool.query(`UPDATE source_states SET circuit_open_until = to_timestamp(0)`);
    expect(await batch.minute(2)).toEqual([named(...all)]);
    expect(await batch.prices(2)).toEqual({ ...priced, sol_usd: '100' });
    expect(await batch.health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
  });

  it('that is the only one of its batch opens no circuit when the list lacks it, and is not asked for in every slot', async () => {
    await batch.fixture.database.pool.query(`DELETE FROM ticker_sources WHERE source_symbol <> $1`, [delisted]);
    expect(await batch.minute(0)).toEqual([delisted, 'list']);
    expect(await batch.minute(1)).toEqual([]);
    expect((await batch.samples(1))['sol_usd']).toMatch(/^not_found: .* refuses /);
    expect(await batch.symbols.list()).toMatchObject([{ symbol: delisted }]);
    expect((await batch.health())?.circuitOpenUntilMs).toBeUndefined();
    expect((await batch.health())?.failures ?? 0).toBe(0);
    // From then on its own call says enough; the list of the first minute is too old.
    await batch.becomeDue();
    expect(await batch.minute(5)).toEqual([delisted]);
    expect((await batch.health())?.failures ?? 0).toBe(0);
    await batch.becomeDue();
    batch.upstream.delisted.clear();
    await batch.minute(6);
    expect(await batch.prices(6)).toEqual({ sol_usd: '100' });
  });

  it('is found among several, and the others have their prices', async () => {
    batch.upstream.delisted.add(healthyD);
    batch.upstream.listed = [healthyA, healthyB];
    await batch.minute(0);
    expect(await batch.prices(0)).toEqual({ btc_usd: '100', eth_usd: '100' });
    expect((await batch.symbols.list()).map(({ symbol }) => symbol)).toEqual([delisted, healthyD].sort());
  });

  it('is isolated, and the others come back, also where no slot has room for a second call', async () => {
    batch.upstream.listed = undefined;
    batch.upstream.delisted.add(healthyA);
    const asked: string[] = [];
    for (let number = 0; number < 8; number += 1) {
      batch.room = 1;
      batch.fixture.random = () => number % 2;
      asked.push(...(await batch.minute(number)));
      // It goes on: its circuit stays closed.
      expect((await batch.health())?.failures ?? 0).toBe(0);
      // A slot without room for them has passed: they were asked longer ago.
      await batch.fixture.database.pool.query(
        `UPDATE refused_symbols SET last_tried_at = last_tried_at - interval '2 hours' WHERE next_try_at IS NULL`,
      );
    }
    const [left, right] = [named(healthyA, healthyB), named(delisted, healthyD)];
    // Each call for all of them is followed by one for those who were not asked alone for the longest time.
    const sorted = (call: string): string => call.split(',').sort().join(',');
    const each = [left, right, healthyA, healthyB].flatMap((call) => [named(...all), call]);
    expect(asked.map(sorted)).toEqual(each.map(sorted));
    expect(await batch.prices(7)).toEqual({ eth_usd: '100' });
  });

  it('is looked for no longer than ten minutes where no slot has room for a second call: then the source is at fault', async () => {
    batch.upstream.isConfused = true;
    batch.upstream.listed = undefined;
    const openings: number[] = [];
    for (const number of [0, 1, 2, 3, 4]) {
      batch.room = 1;
      const minutes = number === 3 ? 10 : 0;
      await batch.fixture.database.pool.query(`UPDATE refused_symbols SET since = since - $1 * interval '1 minute'`, [
        minutes,
      ]);
      expect(await batch.minute(number)).toHaveLength(1);
      openings.push((await batch.health())?.circuitOpenings ?? 0);
    }
    expect(openings).toEqual([0, 0, 0, 0, 1]);
    expect(await batch.health()).toMatchObject({ circuitReason: 'not_found' });
  });

  it('does not hide a source that fails while it is isolated', async () => {
    batch.upstream.failWith = (call) => (call >= 4 ? 503 : undefined);
    await batch.minute(0);
    expect(await batch.prices(0)).toEqual(priced);
    expect((await batch.samples(0))['sol_usd']).toMatch(/^unavailable/);
    expect(await batch.health()).toMatchObject({ lastFailureKind: 'unavailable' });
    batch.upstream.failWith = () => undefined;
    await batch.minute(1);
    expect(await batch.symbols.list()).toMatchObject([{ symbol: delisted }]);
  });

  it('leaves every call on record', async () => {
    await batch.minute(0);
    await batch.fixture.provenance.flush();
    expect(await fetchState(batch.fixture.database.pool, batch.first)).toMatchObject({
      status: 'answered',
      attempts: 3,
    });
    const { rows } = await batch.fixture.database.pool.query(
      'SELECT attempt, error_kind, payload_sha256 IS NOT NULL AS kept FROM fetch_attempts ORDER BY attempt',
    );
    expect(rows).toEqual([
      { attempt: 1, error_kind: 'not_found', kept: true },
      { attempt: 3, error_kind: 'not_found', kept: true },
    ]);
  });
});
