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
  lastObservedAt: 60.5,
};
const page: HomePage = {
  simulated: false,
  notReady: undefined,
  tickers: [ticker],
  origin: 'http://localhost:8000',
  nowMs: 100_000,
};

describe('the home page', () => {
  it('says that prices are simulated exactly when they are', () => {
    expect(renderHomePage({ ...page, simulated: true })).toContain('Simulated prices');
    expect(renderHomePage(page)).not.toMatch(/simulated prices|\(simulated\)/i);
  });

  it('loads nothing from anywhere and runs no script', () => {
    const html = renderHomePage(page);
    expect(html).not.toMatch(/<script|<link rel="stylesheet"|<img|url\(|@import/);
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
    [{ lastObservedAt: 60.5 }, '40 s ago'],
    [{ lastObservedAt: 60.5, intervalSeconds: 5 }, 'stale'],
    [{ lastObservedAt: 60.5, enabled: false }, 'no longer sampled'],
    [{ lastObservedAt: null }, 'none yet'],
  ])('shows the age of the newest price: %j', (changed, said) => {
    expect(renderHomePage({ ...page, tickers: [{ ...ticker, ...changed }] })).toContain(said);
  });
});
