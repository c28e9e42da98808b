import { once } from 'node:events';
import { FaultBoard, MOST_ACTIVE_FAULTS } from './fault-board.js';

describe('the board of faults', () => {
  it('gives a call the faults of its source and name, newest first', () => {
    const board = new FaultBoard();
    board.start({ kind: 'hang', seconds: 60 });
    board.start({ kind: 'hang', seconds: 60, source: 'deribit' });
    board.start({ kind: 'hang', seconds: 60, source: 'deribit', ticker: 'btc_usd' });
    board.start({ kind: 'hang', seconds: 60, ticker: 'bitcoin' });
    const met = (source: 'deribit' | 'coingecko', names: string[]) => board.meet({ source, names }).map(({ id }) => id);
    expect(met('deribit', ['btc_usd'])).toEqual([3, 2, 1]);
    expect(met('deribit', ['eth_usd'])).toEqual([2, 1]);
    expect(met('coingecko', ['ethereum', 'bitcoin'])).toEqual([4, 1]);
    expect(met('coingecko', [])).toEqual([1]);
    expect(board.list().map(({ calls }) => calls)).toEqual([4, 2, 1, 1]);
    board.end();
  });

  it('strikes as often as its probability says', () => {
    const draws = [0, 0.29, 0.3, 0.99];
    const board = new FaultBoard(Date.now, () => draws.shift() ?? 0);
    board.start({ kind: 'hang', seconds: 60, probability: 0.3 });
    expect([1, 2, 3, 4].map(() => board.meet({ source: 'deribit', names: [] }).length)).toEqual([1, 1, 0, 0]);
    board.end();
  });

  it('never strikes with probability 0', () => {
    const board = new FaultBoard(Date.now, () => 0);
    board.start({ kind: 'hang', seconds: 60, probability: 0 });
    expect(board.meet({ source: 'deribit', names: [] })).toEqual([]);
    board.end();
  });

  it('ends a fault by itself', async () => {
    const board = new FaultBoard();
    const fault = board.start({ kind: 'hang', seconds: 0.01 });
    if (fault === undefined) throw new Error('not started');
    await once(fault.ended, 'abort');
    expect(board.list()).toEqual([]);
    expect(board.end(fault.id)).toEqual([]);
  });

  it('ends one fault and leaves the others', () => {
    const board = new FaultBoard();
    const first = board.start({ kind: 'hang', seconds: 60 });
    const second = board.start({ kind: 'hang', seconds: 60 });
    expect(board.end(1)).toEqual([1]);
    expect(first?.ended.aborted).toBe(true);
    expect(second?.ended.aborted).toBe(false);
    expect(board.end()).toEqual([2]);
    expect(second?.ended.aborted).toBe(true);
  });

  it('takes no more than its bound', () => {
    const board = new FaultBoard();
    for (let count = 0; count < MOST_ACTIVE_FAULTS; count += 1) board.start({ kind: 'hang', seconds: 60 });
    expect(board.start({ kind: 'hang', seconds: 60 })).toBeUndefined();
    board.end();
    expect(board.start({ kind: 'hang', seconds: 60 })?.id).toBe(MOST_ACTIVE_FAULTS + 1);
    board.end();
  });

  it('strikes as many calls as it is told and is gone, while a call that it struck stays struck', () => {
    const board = new FaultBoard();
    const fault = board.start({ kind: 'hang', seconds: 60, times: 2 });
    const met = () => board.meet({ source: 'kraken', names: [] }).length;
    expect([met(), met(), met()]).toEqual([1, 1, 0]);
    expect(board.list()).toEqual([]);
    expect(fault?.ended.aborted).toBe(false);
    board.end();
    expect(fault?.ended.aborted).toBe(true);
  });

  it('is on only between the seconds for which it was planned', () => {
    let second = 1_000;
    const board = new FaultBoard(() => second * 1000);
    board.start({ kind: 'hang', from: 1_010, to: 1_020 });
    board.start({ kind: 'zero', from: 1_010, seconds: 5 });
    const met = () => board.meet({ source: 'kraken', names: [] }).map(({ id }) => id);
    expect(met()).toEqual([]);
    expect(board.list().map(({ state }) => state)).toEqual(['planned', 'planned']);
    second = 1_010;
    expect(met()).toEqual([2, 1]);
    second = 1_015;
    expect(met()).toEqual([1]);
    second = 1_020;
    expect(met()).toEqual([]);
    expect(board.list()).toEqual([]);
    expect(board.ended().map(({ id, state, calls }) => [id, state, calls])).toEqual([
      [2, 'ended', 1],
      [1, 'ended', 2],
    ]);
  });

  it('takes a plan for a time that has passed, for the truth of then', () => {
    const board = new FaultBoard(() => 5_000_000);
    board.start({ kind: 'off', percent: 25, from: 1_000, to: 2_000, source: 'kraken' });
    expect(board.list()).toEqual([]);
    const at = (second: number) => board.writingAt('kraken', 'XBTUSD', second).map(({ fault }) => fault.kind);
    expect([999, 1_000, 2_000, 2_001].map(at)).toEqual([[], ['off'], ['off'], []]);
    expect(board.writingAt('binance', 'BTCUSDT', 1_500)).toEqual([]);
  });

  it('forgets a plan that was ended before it began', () => {
    const board = new FaultBoard(() => 1_000);
    board.start({ kind: 'zero', from: 10, to: 20 });
    board.end();
    expect(board.ended()).toEqual([]);
    expect(board.writingAt('kraken', 'XBTUSD', 15)).toEqual([]);
  });

  it('meets a call for everything whatever name it is limited to, and only the path that it is limited to', () => {
    const board = new FaultBoard();
    board.start({ kind: 'zero', seconds: 60, ticker: 'BTCUSDT', endpoint: '/api/v3/ticker/price' });
    const met = (endpoint: string, all: boolean) => board.meet({ source: 'binance', names: [], all, endpoint }).length;
    expect(met('/api/v3/ticker/price', true)).toBe(1);
    expect(met('/api/v3/ticker/price', false)).toBe(0);
    expect(met('/api/v3/ticker/24hr', true)).toBe(0);
    board.end();
  });

  it('stands a frozen source still at its beginning, or at the second that it is told', () => {
    const board = new FaultBoard(() => 7_000_900);
    board.start({ kind: 'frozen', seconds: 60, source: 'kraken' });
    board.start({ kind: 'frozen', seconds: 60, source: 'bitstamp', at: 6_000 });
    expect(board.writingAt('kraken', 'XBTUSD', 7_000)[0]?.frozenAt).toBe(7_000);
    expect(board.writingAt('bitstamp', 'btcusd', 7_000)[0]?.frozenAt).toBe(6_000);
    board.end();
  });
});
