import type { ListedTicker } from '@app/storage';
import { freshnessOf } from '../prices/freshness.js';

/** What the page tells. */
export interface HomePage {
  readonly simulated: boolean;
  /** Why nothing can be served now; undefined when all is well. */
  readonly notReady: string | undefined;
  readonly tickers: readonly ListedTicker[];
  /** How the visitor reached this page, e.g. `http://localhost:8000`. */
  readonly origin: string;
  readonly nowMs: number;
}

/** Most tickers listed; `/tickers` has them all. */
const MOST_TICKERS = 20;

/** Makes the page: one file, no script, nothing loaded from anywhere. */
export function renderHomePage(page: HomePage): string {
  const example = page.tickers[0]?.ticker ?? 'btc_usd';
  const lastSlot = page.tickers[0]?.lastSlot ?? Math.floor(page.nowMs / 1000);
  const fromHourAgo = Math.floor(page.nowMs / 1000) - 3600;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidemark${page.simulated ? ' (simulated)' : ''}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${page.simulated ? '<p class="simulated" role="note">Simulated prices: made up by a simulator, not from any market.</p>' : ''}
<main>
<h1>Tidemark</h1>
<p class="lead">Every expected price is here once, exact to the digit, or there is a recorded reason why it is not.</p>
${page.notReady === undefined ? '' : `<p class="fault">Not ready: ${escape(page.notReady)}.</p>`}
<h2>Tickers</h2>
${renderTickers(page)}
<h2>Try it</h2>
<ul class="links">
${link(`/prices/latest?ticker=${example}`, 'the newest price, its age, and whether that is too old')}
${link(`/prices?ticker=${example}&from=${fromHourAgo}`, 'the prices of the last hour, oldest first')}
${link(`/prices?ticker=${example}&order=desc&limit=10`, 'the last ten, with a cursor for the ten before')}
${link(`/prices/explain?ticker=${example}&timestamp=${lastSlot}`, 'where a price came from, and why it was believed')}
${link(`/gaps?ticker=${example}`, 'what is missing, and why')}
${link('/tickers', 'what is sampled, how often, from where')}
</ul>
<p>On the command line, all stored prices:</p>
<pre><code>curl '${escape(page.origin)}/prices?ticker=${escape(example)}'</code></pre>
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

function renderTickers({ tickers, nowMs, notReady }: HomePage): string {
  if (tickers.length === 0) return `<p>${notReady === undefined ? 'None is catalogued yet.' : 'Unknown for now.'}</p>`;
  const rows = tickers.slice(0, MOST_TICKERS).map((ticker) => renderTicker(ticker, nowMs));
  const rest = tickers.length - rows.length;
  return `<table>
<thead><tr><th>Ticker</th><th>Every</th><th>Sources</th><th>Newest price</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>${rest > 0 ? `<p><a href="/tickers">and ${rest} more</a></p>` : ''}`;
}

function renderTicker(ticker: ListedTicker, nowMs: number): string {
  const name = escape(ticker.ticker);
  const sources = escape(ticker.sources.join(', '));
  return `<tr><td><a href="/prices/latest?ticker=${encodeURIComponent(ticker.ticker)}">${name}</a></td><td>${ticker.intervalSeconds} s</td><td>${sources}</td><td>${renderAge(ticker, nowMs)}</td></tr>`;
}

function renderAge(ticker: ListedTicker, nowMs: number): string {
  if (ticker.lastObservedAt === null) return '<span class="stale">none yet</span>';
  const { ageSeconds, stale } = freshnessOf(ticker.lastObservedAt, ticker.intervalSeconds, nowMs);
  const age = `${Math.round(ageSeconds)} s ago`;
  if (!ticker.enabled) return `${age}, no longer sampled`;
  return stale ? `<span class="stale">${age}, stale</span>` : `<span class="fresh">${age}</span>`;
}

function link(path: string, meaning: string): string {
  return `<li><a href="${escape(path)}"><code>${escape(path)}</code></a><span>${escape(meaning)}</span></li>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #12303b; --soft: #50707c; --line: #d5e3e8; --ground: #f6fafb; --card: #fff; --link: #00657f; --good: #17734a; --bad: #a33a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #dcecf1; --soft: #93b1bc; --line: #24404b; --ground: #0c1c23; --card: #122831; --link: #6fcbe3; --good: #63cf9b; --bad: #ffab7a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0; font-size: 2.4rem; letter-spacing: -.02em }
h1::after { content: ""; display: block; width: 4.5rem; height: .3rem; margin-top: .4rem; border-radius: .2rem; background: linear-gradient(90deg, var(--link), transparent) }
h2 { margin: 2.2rem 0 .7rem; font-size: 1.1rem }
.lead { margin: .9rem 0 0; font-size: 1.15rem; color: var(--soft) }
.simulated { margin: 0; padding: .6rem 1.25rem; background: #ffcf40; color: #3a2b00; font-weight: 600; text-align: center }
.fault { padding: .7rem 1rem; border-left: .3rem solid var(--bad); background: var(--card); overflow-wrap: anywhere }
a { color: var(--link) }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
th, td { padding: .5rem .8rem; text-align: left; border-bottom: 1px solid var(--line) }
th { font-size: .85rem; font-weight: 600; color: var(--soft) }
tbody tr:last-child td { border-bottom: 0 }
.fresh { color: var(--good) } .stale { color: var(--bad) }
.links { list-style: none; margin: 0; padding: 0 }
.links li { display: flex; flex-wrap: wrap; gap: .2rem .9rem; padding: .35rem 0; border-bottom: 1px solid var(--line) }
.links span { color: var(--soft) }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: 0; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto }
`;
