import { DriftTally } from './drift-tally.js';

const SOURCE = { source: 'coingecko', sourceId: 2 };
const at = (seconds: number) => new Date(1_766_000_000_000 + seconds * 1000);

function drift(field: readonly string[], change: Partial<Parameters<DriftTally['add']>[1]> = {}) {
  return { endpoint: 'simple-price', field, detail: 'gone', names: ['bitcoin', 'btc_usd'], seenAt: at(0), ...change };
}

describe('the tally of drifts', () => {
  it.each([
    [['bitcoin', 'usd'], '*.usd'],
    [['data', '7', 'priceUsd'], 'data.*.priceUsd'],
    [['result', 'index_price'], 'result.index_price'],
    [[], '(answer)'],
  ])('calls %j %s, whichever ticker it belongs to', (field, name) => {
    const tally = new DriftTally();
    tally.add(SOURCE, drift(field));
    expect(tally.take()).toMatchObject([{ sourceId: 2, endpoint: 'simple-price', field: name, count: 1 }]);
  });

  it('makes one of a field that is gone from every ticker of a batch', () => {
    const tally = new DriftTally();
    const names = ['bitcoin', 'ethereum'];
    for (const [index, name] of names.entries())
      tally.add(SOURCE, drift([name, 'usd'], { names, detail: name, seenAt: at(index) }));
    const once = { field: '*.usd', count: 2, detail: 'ethereum', firstSeenAt: at(0), lastSeenAt: at(1) };
    expect(tally.take()).toMatchObject([once]);
    expect(tally.take()).toEqual([]);
  });

  it('adds what could not be written to what came since', () => {
    const tally = new DriftTally();
    tally.add(SOURCE, drift(['a']));
    const taken = tally.take();
    tally.add(SOURCE, drift(['a'], { seenAt: at(5) }));
    tally.putBack(taken);
    expect(tally.take()).toMatchObject([{ field: 'a', count: 2, firstSeenAt: at(0), lastSeenAt: at(5) }]);
  });

  it('stays small when everything changes at once', () => {
    const tally = new DriftTally();
    for (let index = 0; index < 1_000; index += 1) tally.add(SOURCE, drift([`field${'x'.repeat(index)}`]));
    const taken = tally.take();
    expect(taken).toHaveLength(51);
    expect(taken.at(-1)).toMatchObject({ field: '(others)', count: 950 });
  });
});
