import { percentChange } from '@app/domain';
import type { LinePoint, ListedTicker } from '@app/storage';
import { freshnessOf } from '../prices/freshness.js';
import { HOME_STYLE } from './home.style.js';
import { LINE_SECONDS, lineStepSeconds, renderPriceLine } from './price-line.js';
import type { RecentLines } from './recent-lines.js';

/** What the page shows. */
export interface HomePage {
  readonly simulated: boolean;
  /** Why nothing can be served now; undefined when all is well. */
  readonly notReady: string | undefined;
  readonly tickers: readonly ListedTicker[];
  /** The last hour of the tickers that are listed. */
  readonly lines: RecentLines;
  /** How the visitor reached this page, e.g. `http://localhost:8000`. */
  readonly origin: string;
  readonly nowMs: number;
}

/** Most tickers listed; `/tickers` has them all. */
export const MAX_LISTED = 100;

/** A price with more characters than this is written smaller. */
const LONG_PRICE = 12;

/** Prices of at least this part of an hour are called those of an hour. */
const WHOLE_HOUR = 0.9;

/** Makes the page. Nothing is loaded from anywhere else, and without its script it shows the same, once. */
export function renderHomePage(page: HomePage): string {
  const example = page.tickers.find(({ ticker }) => ticker === 'btc_usd') ?? page.tickers[0];
  const name = encodeURIComponent(example?.ticker ?? 'btc_usd');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidemark${page.simulated ? ' (simulated)' : ''}</title>
<link rel="icon" href="data:,">
<style>${HOME_STYLE}</style>
<script src="/home.js" defer></script>
</head>
<body>
${page.simulated ? '<p class="simulated" role="note">Simulated prices: made up by a simulator, not from any market.</p>' : ''}
<main>
<h1>Tidemark</h1>
<p class="lead">Every expected price is here once, exact to the digit, or there is a recorded reason why it is not.</p>
<p class="fault" id="away" role="status" hidden></p>
<section id="now">
${page.notReady === undefined ? '' : `<p class="fault">Not ready: ${escape(page.notReady)}.</p>`}
<h2>Prices</h2>
${renderTickers(page)}
</section>
<h2>Ask for it</h2>
<ul class="links">
${link(`/prices/latest?ticker=${name}`, 'the newest price, its age, and whether that is too old')}
${link(`/prices?ticker=${name}&from=${hourAgo(page)}`, 'the prices of the last hour, oldest first')}
${link(`/prices?ticker=${name}&order=desc&limit=10`, 'the last ten, with a cursor for the ten before')}
${link(`/prices/explain?ticker=${name}&timestamp=${example?.lastSlot ?? hourAgo(page)}`, 'where a price came from, and why it was believed')}
${link(`/gaps?ticker=${name}`, 'what is missing, and why')}
${link('/tickers', 'what is sampled, how often, from where')}
</ul>
<p>On the command line, all stored prices:</p>
<pre><code>curl '${escape(page.origin)}/prices?ticker=${name}'</code></pre>
<h2>More</h2>
<ul class="links">
${link('/docs', 'every route, to read and to try')}
${link('/openapi.json', 'the same for machines')}
${link('/health', 'database, clock, sampling')}
${link('/metrics', 'for Prometheus')}
</ul>
</main>
</body>
</html>
`;
}

function renderTickers(page: HomePage): string {
  const { tickers, notReady } = page;
  if (tickers.length === 0)
    return `<p>${notReady === undefined ? 'No ticker is sampled yet.' : 'Unknown for now.'}</p>`;
  const rest = tickers.length - MAX_LISTED;
  return `${renderSummary(page)}
<table>
<thead><tr><th>Ticker</th><th class="number">Price</th><th class="number">1 h</th><th>Last hour</th><th>Age</th><th></th></tr></thead>
<tbody>
${tickers
  .slice(0, MAX_LISTED)
  .map((ticker) => renderTicker(ticker, page))
  .join('\n')}
</tbody>
</table>${rest > 0 ? `\n<p><a href="/tickers">and ${rest} more</a></p>` : ''}`;
}

/** What a reader wants to know before the prices: whether one of them is not what it should be. */
function renderSummary({ tickers, nowMs }: HomePage): string {
  const sampled = tickers.filter(({ enabled }) => enabled);
  const late = sampled.filter((ticker) => isLate(ticker, nowMs));
  const at = `<time datetime="${new Date(nowMs).toISOString()}">${new Date(nowMs).toISOString().slice(11, 19)} UTC</time>`;
  if (late.length === 0)
    return `<p class="summary"><span class="fresh">All ${sampled.length} up to date</span> at ${at}</p>`;
  return `<p class="summary"><span class="stale">${late.length} of ${sampled.length} without a price in time</span> at ${at}</p>`;
}

function renderTicker(ticker: ListedTicker, page: HomePage): string {
  const points = page.lines.get(ticker.id) ?? [];
  const name = encodeURIComponent(ticker.ticker);
  // Of a price that is late the newest slot is asked for, which has none.
  const shown = isLate(ticker, page.nowMs) ? '' : `&timestamp=${ticker.lastSlot}`;
  return `<tr>
<td class="ticker"><a href="/prices/latest?ticker=${name}">${escape(ticker.ticker)}</a><small>${escape(sourcesOf(ticker))}, every&nbsp;${ticker.intervalSeconds}&nbsp;s</small></td>
<td class="number price">${renderPrice(ticker.lastPrice)}</td>
<td class="number change">${renderChange(points, ticker.lastPrice, page.nowMs)}</td>
<td class="hour">${renderPriceLine(points, Math.floor(page.nowMs / 1000) + 1, lineStepSeconds(ticker.intervalSeconds))}</td>
<td class="age">${renderAge(ticker, page.nowMs)}</td>
<td class="ways"><a href="${escape(`/gaps?ticker=${name}&from=${hourAgo(page)}`)}">gaps</a>${beginOf(ticker, page.nowMs) !== undefined ? '' : ` <a href="${escape(`/prices/explain?ticker=${name}${shown}`)}">why</a>`}</td>
</tr>`;
}

/** All digits; many of them, as a median has, in smaller ones. */
function renderPrice(price: string | null): string {
  if (price === null) return '';
  return price.length > LONG_PRICE ? `<span class="long">${escape(price)}</span>` : escape(price);
}

/** Two sources by name, more by number: the row has one line for them. */
function sourcesOf({ sources }: ListedTicker): string {
  return sources.length <= 2 ? sources.join(', ') : `${sources.length} sources`;
}

/** From the oldest price of the last hour to the newest; where there is much less than an hour of them, with what there is. */
function renderChange(points: readonly LinePoint[], lastPrice: string | null, nowMs: number): string {
  const [first] = points;
  if (first === undefined || lastPrice === null || points.length < 2) return '';
  const change = percentChange(first.price, lastPrice);
  const since = new Date(first.slot * 1000).toISOString().slice(11, 19);
  const way = change.startsWith('-') ? 'down' : change.startsWith('+') ? 'up' : 'same';
  const seconds = nowMs / 1000 - first.slot;
  const span = seconds < WHOLE_HOUR * LINE_SECONDS ? `<small>in ${describeAge(seconds)}</small>` : '';
  return `<span class="${way}" title="since ${since} UTC, from ${escape(first.price)}">${change} %</span>${span}`;
}

/** Its first slot, while that is still to come. */
function beginOf({ firstSlot }: ListedTicker, nowMs: number): Date | undefined {
  return firstSlot !== null && firstSlot * 1000 > nowMs ? new Date(firstSlot * 1000) : undefined;
}

/** Whether a price should be there and is not: the newest is too old, or the first is. */
function isLate(ticker: ListedTicker, nowMs: number): boolean {
  // What is expected from its first slot on, and was not yet received, is as old as that slot.
  const newest = ticker.lastObservedAt ?? ticker.firstSlot;
  return newest !== null && freshnessOf(newest, ticker.intervalSeconds, nowMs).stale;
}

function renderAge(ticker: ListedTicker, nowMs: number): string {
  if (ticker.lastObservedAt === null) {
    const begin = beginOf(ticker, nowMs);
    if (begin !== undefined) return `begins ${begin.toISOString().slice(11, 16)} UTC`;
    return isLate(ticker, nowMs) ? '<span class="stale">none yet</span>' : 'none yet';
  }
  const { ageSeconds, stale } = freshnessOf(ticker.lastObservedAt, ticker.intervalSeconds, nowMs);
  const text = describeAge(ageSeconds);
  if (!ticker.enabled) return `${text}, no longer sampled`;
  return stale ? `<span class="stale">${text}, stale</span>` : `<span class="fresh">${text}</span>`;
}

function describeAge(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function hourAgo({ nowMs }: HomePage): number {
  return Math.floor(nowMs / 1000) - LINE_SECONDS;
}

function link(path: string, meaning: string): string {
  return `<li><a href="${escape(path)}"><code>${escape(path)}</code></a><span>${escape(meaning)}</span></li>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
