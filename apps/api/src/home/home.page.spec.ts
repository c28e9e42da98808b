import type { ListedTicker } from '@app/storage';
import { renderHomePage, type HomePage } from './home.page.js';

const ticker: ListedTicker = {
  id: 1,
  ticker: 'btc_usd',
  base: 'btc',
  quote: 'usd',
  enabled: true,
  intervalSeconds: 60,
  rule: 'priority',
  sources: ['deribit'],
  firstSlot: 0,
  lastSlot: 60,
  lastPrice: '85319.510',
  lastObservedAt: 60.5,
};
const page: HomePage = {
  simulated: false,
  notReady: undefined,
  tickers: [ticker],
  lines: new Map(),
  origin: 'http://localhost:8000',
  nowMs: 100_000,
};

describe('the home page', () => {
  it('says that prices are simulated exactly when they are', () => {
    expect(renderHomePage({ ...page, simulated: true })).toContain('Simulated prices');
    expect(renderHomePage(page)).not.toMatch(/simulated prices|\(simulated\)/i);
  });

  it('loads nothing from anywhere else, and runs no script but its own file', () => {
    const html = renderHomePage(page);
    expect(html).not.toMatch(/<link rel="stylesheet"|<img|url\(|@import|\son\w+=/);
    expect(html.match(/<script[^>]*>[^<]*/g)).toEqual(['<script src="/home.js" defer>']);
    expect(html.match(/(src|href)="[^"]*"/g)?.every((target) => /"(\/|data:,)/.test(target))).toBe(true);
  });

  it('escapes what it did not write itself', () => {
    const html = renderHomePage({
      ...page,
      origin: 'http://"><b>x',
      notReady: '<i>',
      tickers: [{ ...ticker, sources: ['<u>'] }],
    });
    expect(html).not.toMatch(/<b>|<i>|<u>/);
  });

  it.each([
    [{ lastObservedAt: 60.5 }, '<span class="fresh">40 s</span>'],
    [{ lastObservedAt: 60.5, intervalSeconds: 5 }, '<span class="stale">40 s, stale</span>'],
    [{ lastObservedAt: 60.5, enabled: false }, '40 s, no longer sampled'],
    [{ lastObservedAt: null, lastSlot: null, lastPrice: null }, 'none yet'],
    [{ lastObservedAt: -7_000 }, '118 min, stale'],
    [{ lastObservedAt: -86_000 }, '24 h, stale'],
    [{ lastObservedAt: -900_000 }, '10 days, stale'],
  ])('shows the age of the newest price: %j', (changed, said) => {
    expect(renderHomePage({ ...page, tickers: [{ ...ticker, ...changed }] })).toContain(said);
  });

  it('shows each ticker with its price to the digit, its change, its line, and the ways to its gaps and why', () => {
    const points = [
      { slot: -3_500, price: '80000' },
      { slot: 60, price: '85319.510' },
    ];
    const html = renderHomePage({ ...page, lines: new Map([[1, points]]) });
    expect(html).toContain('85319.510');
    expect(html).toContain('<span class="up" title="since 23:01:40 UTC, from 80000">+6.65 %</span>');
    expect(html).toContain('<svg class="line"');
    expect(html).toContain('href="/gaps?ticker=btc_usd&#38;from=-3500"');
    expect(html).toMatch(/href="[^"]*explain\?ticker=btc_usd&#38;timestamp=60">why/);
  });

  it.each([
    [[ticker, { ...ticker, id: 2, enabled: false, lastObservedAt: 0 }], 'All 1 up to date'],
    [[ticker, { ...ticker, id: 2, lastObservedAt: -300 }], '1 of 2 without a price in time'],
    [
      [{ ...ticker, lastObservedAt: null, lastSlot: null, lastPrice: null, firstSlot: -60 }],
      '1 of 1 without a price in time',
    ],
    [[{ ...ticker, lastObservedAt: null, lastSlot: null, lastPrice: null, firstSlot: 60 }], 'All 1 up to date'],
    [[{ ...ticker, lastObservedAt: null, lastSlot: null, lastPrice: null, firstSlot: 86_400 }], 'All 1 up to date'],
  ])('says first whether all prices are there', (tickers, said) => {
    expect(renderHomePage({ ...page, tickers })).toContain(said);
  });

  it.each([
    [{}, 'explain?ticker=btc_usd&#38;timestamp=60">why'],
    [{ lastObservedAt: -300 }, 'explain?ticker=btc_usd">why'],
    [{ lastObservedAt: null, lastSlot: null, lastPrice: null }, 'explain?ticker=btc_usd">why'],
  ])(
    'leads from a price to why it was believed, and from one that is late to why it is not there: %j',
    (changed, link) => {
      expect(renderHomePage({ ...page, nowMs: 130_000, tickers: [{ ...ticker, ...changed }] })).toContain(link);
    },
  );

  it('says when a ticker begins whose first slot is still to come', () => {
    const next = { ...ticker, firstSlot: 3_600, lastObservedAt: null, lastSlot: null, lastPrice: null };
    const html = renderHomePage({ ...page, tickers: [next] });
    expect(html).toContain('begins 01:00 UTC');
    expect(html).not.toContain('>why<');
  });

  it('expects nothing of a ticker that was disabled before its first slot', () => {
    const never = { ...ticker, enabled: false, firstSlot: null, lastObservedAt: null, lastSlot: null, lastPrice: null };
    const html = renderHomePage({ ...page, tickers: [never] });
    expect(html).toContain('none yet');
    expect(html).not.toContain('class="stale"');
  });

  it('says over how long a price has changed where that is much less than an hour', () => {
    const points = [
      { slot: -500, price: '80000' },
      { slot: 60, price: '85319.510' },
    ];
    expect(renderHomePage({ ...page, lines: new Map([[1, points]]) })).toContain(
      '+6.65 %</span><small>in 10 min</small>',
    );
  });

  it('lists a hundred tickers, and says how many there are besides', () => {
    const tickers = Array.from({ length: 103 }, (_, id) => ({ ...ticker, id }));
    const html = renderHomePage({ ...page, tickers });
    expect(html.match(/<td class="ticker">/g)).toHaveLength(100);
    expect(html).toContain('and 3 more');
  });
});
