import { once } from 'node:events';
import { FaultStore, MOST_ACTIVE_FAULTS } from './fault-store.js';

describe('the store of faults', () => {
  it('gives a call the faults of its source and name, newest first', () => {
    const store = new FaultStore();
    store.start({ kind: 'hang', seconds: 60 });
    store.start({ kind: 'hang', seconds: 60, source: 'deribit' });
    store.start({ kind: 'hang', seconds: 60, source: 'deribit', ticker: 'btc_usd' });
    store.start({ kind: 'hang', seconds: 60, ticker: 'bitcoin' });
    const met = (source: 'deribit' | 'coingecko', names: string[]) => store.meet({ source, names }).map(({ id }) => id);
    expect(met('deribit', ['btc_usd'])).toEqual([3, 2, 1]);
    expect(met('deribit', ['eth_usd'])).toEqual([2, 1]);
    expect(met('coingecko', ['ethereum', 'bitcoin'])).toEqual([4, 1]);
    expect(met('coingecko', [])).toEqual([1]);
    expect(store.list().map(({ calls }) => calls)).toEqual([4, 2, 1, 1]);
    store.end();
  });

  it('strikes as often as its probability says', () => {
    const draws = [0, 0.29, 0.3, 0.99];
    const store = new FaultStore(Date.now, () => draws.shift() ?? 0);
    store.start({ kind: 'hang', seconds: 60, probability: 0.3 });
    expect([1, 2, 3, 4].map(() => store.meet({ source: 'deribit', names: [] }).length)).toEqual([1, 1, 0, 0]);
    store.end();
  });

  it('never strikes with probability 0', () => {
    const store = new FaultStore(Date.now, () => 0);
    store.start({ kind: 'hang', seconds: 60, probability: 0 });
    expect(store.meet({ source: 'deribit', names: [] })).toEqual([]);
    store.end();
  });

  it('ends a fault by itself', async () => {
    const store = new FaultStore();
    const fault = store.start({ kind: 'hang', seconds: 0.01 });
    if (fault === undefined) throw new Error('not started');
    await once(fault.ended, 'abort');
    expect(store.list()).toEqual([]);
    expect(store.end(fault.id)).toEqual([]);
  });

  it('ends one fault and leaves the others', () => {
    const store = new FaultStore();
    const first = store.start({ kind: 'hang', seconds: 60 });
    const second = store.start({ kind: 'hang', seconds: 60 });
    expect(store.end(1)).toEqual([1]);
    expect(first?.ended.aborted).toBe(true);
    expect(second?.ended.aborted).toBe(false);
    expect(store.end()).toEqual([2]);
    expect(second?.ended.aborted).toBe(true);
  });

  it('takes no more than its bound', () => {
    const store = new FaultStore();
    for (let count = 0; count < MOST_ACTIVE_FAULTS; count += 1) store.start({ kind: 'hang', seconds: 60 });
    expect(store.start({ kind: 'hang', seconds: 60 })).toBeUndefined();
    store.end();
    expect(store.start({ kind: 'hang', seconds: 60 })?.id).toBe(MOST_ACTIVE_FAULTS + 1);
    store.end();
  });

  it('strikes as many calls as it is told and is gone, while a call that it struck stays struck', () => {
    const store = new FaultStore();
    const fault = store.start({ kind: 'hang', seconds: 60, times: 2 });
    const met = () => store.meet({ source: 'kraken', names: [] }).length;
    expect([met(), met(), met()]).toEqual([1, 1, 0]);
    expect(store.list()).toEqual([]);
    expect(fault?.ended.aborted).toBe(false);
    store.end();
    expect(fault?.ended.aborted).toBe(true);
  });

  it('is on only between the seconds for which it was planned', () => {
    let second = 1_000;
    const store = new FaultStore(() => second * 1000);
    store.start({ kind: 'hang', from: 1_010, to: 1_020 });
    store.start({ kind: 'zero', from: 1_010, seconds: 5 });
    const met = () => store.meet({ source: 'kraken', names: [] }).map(({ id }) => id);
    expect(met()).toEqual([]);
    expect(store.list().map(({ state }) => state)).toEqual(['planned', 'planned']);
    second = 1_010;
    expect(met()).toEqual([2, 1]);
    second = 1_015;
    expect(met()).toEqual([1]);
    second = 1_020;
    expect(met()).toEqual([]);
    expect(store.list()).toEqual([]);
    expect(store.ended().map(({ id, state, calls }) => [id, state, calls])).toEqual([
      [2, 'ended', 1],
      [1, 'ended', 2],
    ]);
  });

  it('takes a plan for a time that has passed, for the expected prices of then', () => {
    const store = new FaultStore(() => 5_000_000);
    store.start({ kind: 'off', percent: 25, from: 1_000, to: 2_000, source: 'kraken' });
    expect(store.list()).toEqual([]);
    const at = (second: number) => store.writingAt('kraken', 'XBTUSD', second).map(({ fault }) => fault.kind);
    expect([999, 1_000, 2_000, 2_001].map(at)).toEqual([[], ['off'], ['off'], []]);
    expect(store.writingAt('binance', 'BTCUSDT', 1_500)).toEqual([]);
  });

  it('forgets a plan that was ended before it began', () => {
    const store = new FaultStore(() => 1_000);
    store.start({ kind: 'zero', from: 10, to: 20 });
    store.end();
    expect(store.ended()).toEqual([]);
    expect(store.writingAt('kraken', 'XBTUSD', 15)).toEqual([]);
  });

  it('meets a call for everything whatever name it is limited to, and only the path that it is limited to', () => {
    const store = new FaultStore();
    store.start({ kind: 'zero', seconds: 60, ticker: 'BTCUSDT', endpoint: '/api/v3/ticker/price' });
    const met = (endpoint: string, all: boolean) => store.meet({ source: 'binance', names: [], all, endpoint }).length;
    expect(met('/api/v3/ticker/price', true)).toBe(1);
    expect(met('/api/v3/ticker/price', false)).toBe(0);
    expect(met('/api/v3/ticker/24hr', true)).toBe(0);
    store.end();
  });

  it('stands a frozen source still at its beginning, or at the second that it is told', () => {
    const store = new FaultStore(() => 7_000_900);
    store.start({ kind: 'frozen', seconds: 60, source: 'kraken' });
    store.start({ kind: 'frozen', seconds: 60, source: 'bitstamp', at: 6_000 });
    expect(store.writingAt('kraken', 'XBTUSD', 7_000)[0]?.frozenAt).toBe(7_000);
    expect(store.writingAt('bitstamp', 'btcusd', 7_000)[0]?.frozenAt).toBe(6_000);
    store.end();
  });
});
