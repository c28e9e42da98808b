import { once } from 'node:events';
import { FaultBoard, MOST_ACTIVE_FAULTS } from './fault-board.js';

describe('the board of faults', () => {
  it('gives a call the faults of its source and name, newest first', () => {
    const board = new FaultBoard();
    board.start({ kind: 'hang', seconds: 60 });
    board.start({ kind: 'hang', seconds: 60, source: 'deribit' });
    board.start({ kind: 'hang', seconds: 60, source: 'deribit', ticker: 'btc_usd' });
    board.start({ kind: 'hang', seconds: 60, ticker: 'bitcoin' });
    const met = (source: 'deribit' | 'coingecko', names: string[]) => board.meet(source, names).map(({ id }) => id);
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
    expect([1, 2, 3, 4].map(() => board.meet('deribit', []).length)).toEqual([1, 1, 0, 0]);
    board.end();
  });

  it('never strikes with probability 0', () => {
    const board = new FaultBoard(Date.now, () => 0);
    board.start({ kind: 'hang', seconds: 60, probability: 0 });
    expect(board.meet('deribit', [])).toEqual([]);
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
});
