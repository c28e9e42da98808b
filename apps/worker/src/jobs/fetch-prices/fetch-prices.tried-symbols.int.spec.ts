import { setTimeout as sleep } from 'node:timers/promises';
import { planFetches } from '../../../../../test/builders/planned-fetch.js';
import { RefusingBatch } from '../../../../../test/support/refusing-batch.js';

describe.each(['kraken', 'binance'] as const)('a symbol that %s has refused, and that is tried again', (name) => {
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

  it('stays due while the limit has no room for its try, and comes first after some minutes', async () => {
    await batch.minute(0);
    batch.upstream.delisted.clear();
    await batch.becomeDue();
    const [due] = await batch.symbols.list();
    for (const number of [1, 2]) {
      batch.room = 1;
      expect(await batch.minute(number)).toEqual([named(...healthy)]);
      expect((await batch.samples(number))['sol_usd']).toMatch(
        new RegExp(`^not_found: ${name} refuses ${delisted} since `),
      );
      expect(await batch.symbols.list()).toEqual([due]);
    }
    await batch.becomeOverdue();
    batch.room = 1;
    expect(await batch.minute(3)).toEqual([delisted]);
    expect(await batch.prices(3)).toEqual({ sol_usd: '100' });
    batch.room = 1;
    expect(await batch.minute(4)).toEqual([named(...all)]);
  });

  it('is tried in the slot in which it is due, also when its fetch had to wait for room, or was called twice', async () => {
    await batch.minute(0);
    batch.upstream.delisted.clear();
    await batch.becomeDue();
    batch.room = 0;
    const slot = batch.first.slot + 60;
    const [key = batch.first] = await planFetches(batch.fixture.database.pool, slot);
    batch.fixture.setClock(slot * 1000 + 100);
    batch.upstream.calls = [];
    batch.later = 1_000;
    await expect(batch.fixture.run(key)).rejects.toThrow('its limit is used up for the moment');
    batch.room = Infinity;
    batch.upstream.failWith = (call) => (call === 1 ? 503 : undefined);
    await expect(batch.fixture.run(key)).rejects.toThrow('503');
    await batch.fixture.run(key);
    expect(batch.upstream.calls).toEqual([named(...healthy), named(...healthy), delisted]);
    expect(await batch.prices(1)).toEqual({ ...priced, sol_usd: '100' });
  });

  it('leaves the calls to the batches where the limit has room for few others', async () => {
    batch.upstream.delisted.add(healthyD);
    batch.upstream.listed = [healthyA, healthyB];
    await batch.minute(0);
    // One try in five minutes.
    batch.callsPerMinute = 1.2;
    const rest = named(healthyA, healthyB);
    for (const [minute, tries] of [1, 0, 0, 1].entries()) {
      await batch.becomeDue();
      await batch.fixture.database.pool.query(
        `UPDATE source_states SET tries_from = tries_from - interval '100 seconds'`,
      );
      const [first, ...tried] = await batch.minute(minute + 1);
      expect([first, tried.length]).toEqual([rest, tries]);
    }
  });

  it('is tried again by a call of its own, and back in the slot in which it is answered', async () => {
    await batch.minute(0);
    await batch.becomeDue();
    expect(await batch.minute(1)).toEqual([named(...healthy), delisted]);
    expect(await batch.prices(1)).toEqual(priced);
    batch.upstream.delisted.clear();
    expect(await batch.minute(2)).toEqual([named(...healthy)]);
    await batch.becomeDue();
    expect(await batch.minute(3)).toEqual([named(...healthy), delisted]);
    expect(await batch.prices(3)).toEqual({ ...priced, sol_usd: '100' });
    expect(await batch.minute(4)).toEqual([named(...all)]);
    expect(await batch.symbols.list()).toEqual([]);
    expect(batch.log('source_symbol_refused')).toHaveLength(1);
    expect(batch.log('source_symbol_answered')).toHaveLength(1);
  });

  it.each([
    [401, 'unauthorized'],
    [451, 'forbidden_region'],
    [503, 'unavailable'],
  ])('fails for itself alone where its try comes first and is answered with %i', async (status, reason) => {
    await batch.minute(0);
    for (const number of [1, 2]) {
      await batch.becomeOverdue();
      batch.upstream.failWith = (call) => (call === 1 ? status : undefined);
      expect(await batch.minute(number)).toEqual([delisted, named(...healthy)]);
      expect(await batch.prices(number)).toEqual(priced);
      expect((await batch.samples(number))['sol_usd']).toMatch(new RegExp(`^${reason}: `));
      expect(await batch.health()).toMatchObject({
        failures: 0,
        circuitOpenUntilMs: undefined,
        lastFailureKind: reason,
      });
    }
  });

  it('leaves the others late, and blames them for nothing, where its try comes first and fails, and there is no more room', async () => {
    await batch.minute(0);
    await batch.becomeOverdue();
    batch.upstream.failWith = () => 403;
    batch.room = 1;
    expect(await batch.minute(1)).toEqual([delisted]);
    expect(await batch.samples(1)).toEqual({
      ...{ btc_usd: 'late: ', eth_usd: 'late: ', ada_usd: 'late: ' },
      sol_usd: expect.stringMatching(/^(unauthorized|forbidden_region): /) as string,
    });
  });

  it('says nothing bad of the source where its try comes first and is refused, and there is no more room', async () => {
    await batch.minute(0);
    await batch.becomeOverdue();
    batch.room = 1;
    expect(await batch.minute(1)).toEqual([delisted]);
    expect(await batch.samples(1)).toEqual({
      ...{ btc_usd: 'late: ', eth_usd: 'late: ', ada_usd: 'late: ' },
      sol_usd: expect.stringMatching(/^not_found: .* refuses .*; it is asked again at /) as string,
    });
    expect(await batch.health()).toMatchObject({ failures: 0 });
    batch.room = Infinity;
    expect(await batch.minute(2)).toEqual([named(...healthy)]);
  });

  it('pauses the source where its try comes first and is answered with 429', async () => {
    await batch.minute(0);
    await batch.becomeOverdue();
    batch.upstream.failWith = () => 429;
    expect(await batch.minute(1)).toEqual([delisted]);
    expect((await batch.samples(1))['btc_usd']).toMatch(/^rate_limited/);
    expect((await batch.health())?.pausedUntilMs).toBeDefined();
  });

  it('comes back with all others in the slot after the one in which the first of them is answered', async () => {
    batch.upstream.listed = ['OTHER'];
    for (const symbol of all) batch.upstream.delisted.add(symbol);
    await batch.minute(0);
    expect((await batch.symbols.list()).map(({ symbol }) => symbol)).toEqual([...all].sort());
    // The halt was long: they are tried again in half an hour, but for one.
    await batch.fixture.database.pool.query(`UPDATE refused_symbols SET next_try_at = now() + interval '30 minutes'`);
    expect(await batch.minute(1)).toEqual([]);
    await batch.becomeDue(1, healthyB);
    batch.upstream.delisted.clear();
    expect(await batch.minute(2)).toEqual([healthyB]);
    expect(await batch.minute(3)).toEqual([healthyB, named(healthyA, delisted, healthyD)]);
    expect(await batch.prices(3)).toEqual({ ...priced, sol_usd: '100' });
    expect(await batch.minute(4)).toEqual([named(...all)]);
    expect(await batch.health()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined });
  });

  it('stays away when the others come back, and is told from them by the list', async () => {
    batch.upstream.listed = ['OTHER'];
    for (const symbol of all) batch.upstream.delisted.add(symbol);
    await batch.minute(0);
    await batch.becomeDue(1, healthyB);
    batch.upstream.delisted.clear();
    batch.upstream.delisted.add(delisted);
    await batch.minute(1);
    batch.upstream.listed = healthy;
    // The list that was looked at in the first minute is too old.
    expect(await batch.minute(5)).toEqual([
      ...[healthyB, named(healthyA, delisted, healthyD), 'list'],
      named(healthyA, healthyD),
    ]);
    expect(await batch.prices(5)).toEqual(priced);
    expect((await batch.samples(5))['sol_usd']).toMatch(/^not_found: .* refuses .*; it is asked again at /);
    const [still] = await batch.symbols.list();
    expect((await batch.samples(5))['sol_usd']).toContain(still?.nextTryAt.toISOString().slice(0, 19));
    expect(await batch.symbols.list()).toHaveLength(1);
    // A list condemns nobody: it is asked for alone, and waits for long then.
    expect(await batch.minute(6)).toEqual([named(...healthy), delisted]);
    expect(await batch.minute(7)).toEqual([named(...healthy)]);
  });

  it.each([
    ['its batch', 'usd', [named(delisted, healthyD)]],
    ['batches of their own', 'own', [delisted, healthyD]],
  ])(
    'is looked for in the list when several of %s are refused for long, and tried sooner when the list has it',
    async (_, of, tries) => {
      batch.upstream.delisted.add(healthyD);
      batch.upstream.listed = [healthyA, healthyB];
      await batch.minute(0);
      const rest = named(healthyA, healthyB);
      expect(await batch.minute(1)).toEqual([rest]);
      await batch.fixture.database.pool.query(
        `UPDATE refused_symbols SET since = now() - interval '1 day', last_tried_at = now() - interval '20 minutes',
         next_try_at = now() + interval '40 minutes'`,
      );
      if (of === 'own')
        await batch.fixture.database.pool.query(
          `UPDATE ticker_sources SET batch = source_symbol WHERE source_symbol IN (SELECT source_symbol FROM refused_symbols)`,
        );
      const sorted = async (number: number) => (await batch.minute(number)).toSorted();
      // The list of the first minute is young enough.
      expect(await sorted(2)).toEqual([rest]);
      expect(await sorted(11)).toEqual([rest, 'list'].sort());
      expect(await sorted(12)).toEqual([rest]);
      batch.upstream.listed = all;
      batch.upstream.delisted.clear();
      // A batch that is fetched after the look has its try in the same minute, and its price in both.
      const calls = [...(await batch.minute(22)), ...(await batch.minute(23))];
      expect(new Set(calls)).toEqual(new Set([rest, 'list', ...tries]));
      expect(await batch.symbols.list()).toEqual([]);
    },
  );

  it.each([
    ['429', 429],
    ['503', 503],
  ])(
    'costs no call for the list after a try that is answered with %s, and is tried a minute later',
    async (_, status) => {
      batch.upstream.delisted.add(healthyD);
      batch.upstream.listed = [healthyA, healthyB];
      await batch.minute(0);
      await batch.fixture.database.pool.query(
        `UPDATE refused_symbols SET since = now() - interval '1 day', last_tried_at = now() - interval '20 minutes',
       next_try_at = CASE WHEN source_symbol = $1 THEN now() ELSE now() + interval '40 minutes' END`,
        [delisted],
      );
      batch.upstream.failWith = (call) => (call === 2 ? status : undefined);
      expect(await batch.minute(11)).toEqual([named(healthyA, healthyB), delisted]);
      const tried = (await batch.symbols.list()).find(({ symbol }) => symbol === delisted);
      expect(Math.round(((tried?.nextTryAt.getTime() ?? 0) - Date.now()) / 10_000)).toBe(6);
    },
  );

  it('is not looked for any longer by a worker that ends, which has stored its prices', async () => {
    batch.upstream.delisted.add(healthyD);
    batch.upstream.listed = [healthyA, healthyB];
    await batch.minute(0);
    await batch.fixture.database.pool.query(
      `UPDATE refused_symbols SET since = now() - interval '1 day', next_try_at = now() + interval '40 minutes'`,
    );
    const slot = batch.first.slot + 11 * 60;
    const [key = batch.first] = await planFetches(batch.fixture.database.pool, slot);
    batch.fixture.setClock(slot * 1000 + 100);
    batch.room = 1;
    batch.later = 9_000;
    const ending = new AbortController();
    const run = batch.fixture.run(key, { signal: ending.signal });
    // Until it has asked for room for the list, and waits.
    while (batch.room >= 0) await sleep(5);
    await sleep(50);
    ending.abort();
    await run;
    expect(await batch.prices(11)).toEqual({ btc_usd: '100', eth_usd: '100' });
  });

  it.each([
    ['while it is the only one', 'one'],
    ['where the limit has no room for it', 'no room'],
  ])('is not looked for in the list %s', async (_, why) => {
    if (why === 'no room') batch.upstream.delisted.add(healthyD);
    batch.upstream.listed = all.filter((symbol) => !batch.upstream.delisted.has(symbol));
    await batch.minute(0);
    await batch.fixture.database.pool.query(
      `UPDATE refused_symbols SET since = now() - interval '1 day', next_try_at = now() + interval '40 minutes'`,
    );
    batch.room = why === 'no room' ? 1 : Infinity;
    expect(await batch.minute(11)).toEqual([named(...batch.upstream.listed)]);
  });
});
