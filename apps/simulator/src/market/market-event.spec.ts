import { MarketEvents, marketEventSchema, MOST_MARKET_EVENTS } from './market-event.js';

const NOON = 1_766_059_200;

describe('the events of the market', () => {
  it('move an asset from a second on, until another one', () => {
    const events = new MarketEvents();
    events.add({ kind: 'move', asset: 'btc', percent: 30, from: NOON, to: NOON + 10 });
    expect([NOON - 1, NOON, NOON + 9, NOON + 10].map((second) => events.factorAt('btc', 'btc', second))).toEqual([
      1, 1.3, 1.3, 1,
    ]);
    expect(events.factorAt('eth', 'eth', NOON)).toBe(1);
  });

  it('begin in the second in which they are set when they say no other, and last', () => {
    const events = new MarketEvents(() => NOON * 1000 + 700);
    expect(events.add({ kind: 'level', asset: 'usdt', usd: 0.95 })).toMatchObject({ id: 1, from: NOON });
    expect(events.factorAt('usdt', 'usdt', NOON + 1_000_000)).toBe(0.95);
  });

  it('take their time when they are told to', () => {
    const events = new MarketEvents();
    events.add({ kind: 'move', asset: 'btc', percent: 40, from: NOON, over_seconds: 4 });
    const factors = [0, 1, 2, 3, 4, 100].map((offset) => events.factorAt('btc', 'btc', NOON + offset));
    expect(factors.map((factor) => factor.toFixed(3))).toEqual(['1.100', '1.200', '1.300', '1.400', '1.400', '1.400']);
  });

  it('multiply, and take along what follows the course', () => {
    const events = new MarketEvents();
    events.add({ kind: 'move', asset: 'eth', percent: 100, from: NOON });
    events.add({ kind: 'move', asset: 'eth', percent: -50, from: NOON });
    expect(events.factorAt('steth', 'eth', NOON)).toBe(1);
    events.remove(2);
    expect(events.factorAt('steth', 'eth', NOON)).toBe(2);
  });

  it('are taken back one by one or all at once', () => {
    const events = new MarketEvents();
    for (const asset of ['btc', 'eth', 'sol']) events.add({ kind: 'move', asset, percent: 5 });
    expect(events.remove(2)).toEqual([2]);
    expect(events.remove(2)).toEqual([]);
    expect(events.remove()).toEqual([1, 3]);
    expect(events.list()).toEqual([]);
  });

  it('are no more than their bound', () => {
    const events = new MarketEvents();
    for (let count = 0; count < MOST_MARKET_EVENTS; count += 1) events.add({ kind: 'move', asset: 'btc', percent: 0 });
    expect(events.add({ kind: 'move', asset: 'btc', percent: 0 })).toBeUndefined();
  });

  it.each([
    [{ kind: 'move', asset: 'nope', percent: 1 }, 'asset'],
    [{ kind: 'move', asset: 'usd', percent: 1 }, 'asset'],
    [{ kind: 'move', asset: 'sim010000', percent: 1 }, 'asset'],
    [{ kind: 'move', asset: 'btc', percent: -81 }, 'percent'],
    [{ kind: 'move', asset: 'btc' }, 'percent'],
    [{ kind: 'level', asset: 'usdt', usd: 0 }, 'usd'],
    [{ kind: 'level', asset: 'usdt', usd: 95 }, 'usd'],
    [{ kind: 'move', asset: 'btc', percent: 1, from: 10, to: 10 }, 'to'],
    [{ kind: 'move', asset: 'btc', percent: 1, from: NOON * 1000 }, 'from'],
    [{ kind: 'rumour', asset: 'btc' }, 'kind'],
  ])('refuse %j because of %s', (event, field) => {
    const result = marketEventSchema.safeParse(event);
    expect(result.error?.issues.map(({ path }) => path[0])).toContain(field);
  });

  it('take a made-up asset', () => {
    expect(marketEventSchema.safeParse({ kind: 'move', asset: 'sim0042', percent: 30 }).success).toBe(true);
  });
});
