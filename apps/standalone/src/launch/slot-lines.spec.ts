import { SlotLines, type SlotEvent } from './slot-lines.js';

const SLOT = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

function stored(ticker: string, more: Partial<SlotEvent> = {}): SlotEvent {
  return { event: 'sample_stored', ticker, slot: SLOT, source: 'deribit', outcome: 'accepted', price: '1.50', ...more };
}

/** Lines after both tickers were seen in an earlier slot. */
function withTwoTickers(): SlotLines {
  const lines = new SlotLines();
  lines.add(stored('btc_usd', { slot: SLOT - 5 }), 0);
  lines.add(stored('eth_usd', { slot: SLOT - 5 }), 0);
  lines.due(1_000);
  return lines;
}

describe('slot lines', () => {
  it('shows all tickers of a slot in one line, with the price as it stands and its source', () => {
    const lines = new SlotLines();
    expect(lines.add(stored('eth_usd', { price: '3012.10' }), 0)).toEqual([]);
    expect(lines.add(stored('btc_usd', { price: '87123.4500' }), 10)).toEqual([]);
    expect(lines.due(999)).toEqual([]);
    expect(lines.due(1_000)).toEqual(['03:04:05Z  btc_usd 87123.4500 deribit   eth_usd 3012.10 deribit']);
    expect(lines.due(5_000)).toEqual([]);
  });

  it('shows a slot at once when every ticker of the last slots has a price', () => {
    const lines = withTwoTickers();
    expect(lines.add(stored('btc_usd'), 5_000)).toEqual([]);
    expect(lines.add(stored('eth_usd'), 5_001)).toHaveLength(1);
  });

  it('shows a slot at the latest when the next one begins', () => {
    const lines = withTwoTickers();
    lines.add(stored('btc_usd'), 5_000);
    expect(lines.add(stored('btc_usd', { slot: SLOT + 5 }), 5_100)).toEqual(['03:04:05Z  btc_usd 1.50 deribit']);
  });

  it('keeps a ticker together with the others after it was late once', () => {
    const lines = withTwoTickers();
    lines.add(stored('btc_usd'), 5_000);
    lines.due(6_000);
    expect(lines.add(stored('eth_usd'), 6_100)).toEqual([]);
    expect(lines.due(7_100)).toEqual(['03:04:05Z  eth_usd 1.50 deribit']);
    expect(lines.add(stored('btc_usd', { slot: SLOT + 5 }), 10_000)).toEqual([]);
    expect(lines.add(stored('eth_usd', { slot: SLOT + 5 }), 10_001)).toHaveLength(1);
  });

  it('says why a price is missing', () => {
    const lines = withTwoTickers();
    lines.add(stored('btc_usd', { outcome: 'failed', reason: 'timeout', price: null }), 5_000);
    lines.add({ event: 'slot_missed', ticker: 'eth_usd', slot: SLOT, reason: 'not_taken' }, 5_000);
    expect(lines.due(6_000)).toEqual([
      '03:04:05Z  btc_usd missing: deribit failed timeout   eth_usd missing: not_taken',
    ]);
  });

  it('says nothing of a source that failed when another one gave a price', () => {
    const lines = withTwoTickers();
    lines.add(stored('btc_usd', { outcome: 'failed', reason: 'timeout' }), 5_000);
    lines.add(stored('btc_usd', { source: 'coingecko' }), 5_001);
    expect(lines.due(6_000)).toEqual(['03:04:05Z  btc_usd 1.50 coingecko']);
  });

  it('shows the price of each source that gave one', () => {
    const lines = new SlotLines();
    lines.add(stored('btc_usd'), 0);
    lines.add(stored('btc_usd', { source: 'coingecko', price: '1.6' }), 1);
    expect(lines.due(1_000)).toEqual(['03:04:05Z  btc_usd 1.50 deribit, 1.6 coingecko']);
  });

  it('shows a gap as a range', () => {
    const gap: SlotEvent = {
      event: 'gap_recorded',
      ticker: 'btc_usd',
      from_slot: SLOT,
      to_slot: SLOT + 60,
      reason: 'not_planned',
    };
    expect(new SlotLines().add(gap, 0)).toEqual([
      'btc_usd has a gap from 2026-01-02T03:04:05Z to 2026-01-02T03:05:05Z: not_planned',
    ]);
  });

  it('holds a bounded number of slots', () => {
    const lines = new SlotLines();
    let shown = 0;
    for (let step = 0; step < 1_000; step += 1) shown += lines.add(stored('btc_usd', { slot: SLOT - step }), 0).length;
    expect(shown).toBeGreaterThan(900);
  });
});
