// `make demo-day`: thirty tickers from all eight sources, and everything that a source can do wrong, one after the other. At the end
// every served price is held against the simulated market, every rejected sample must say why, and `verify` proves the invariants.
// SECONDS_PER_FAULT=20 sets how long each lasts, SAMPLE_INTERVAL_SECONDS=2 how often is sampled.
import { setTimeout as sleep } from 'node:timers/promises';
import { SOURCES } from '../dist/libs/sources/src/index.js';
import { startSimulatedRun } from './simulated-run.mjs';

const INTERVAL = Number(process.env.SAMPLE_INTERVAL_SECONDS ?? 2);
const SECONDS = Number(process.env.SECONDS_PER_FAULT ?? 20);
/** How far a served price may lie from the market, in parts of it. */
const TOLERANCE = 0.002;
const LEAST_SERVED = 0.99;

const COINS =
  'btc eth xrp bnb sol trx doge ada bch link xlm sui avax ltc hbar shib ton dot uni aave near etc icp algo fil arb op apt'.split(
    ' ',
  );
const TICKERS = [...COINS, 'usdt', 'usdc'].map((coin) => `${coin}_usd`);

/** What goes wrong, one after the other. `source: null` is all of them. */
const FAULTS = [
  { name: '429 with Retry-After', source: 'binance', kind: 'status', status: 429, retry_after: 5 },
  { name: '429 with a date', source: 'kraken', kind: 'status', status: 429, retry_after: 5, retry_after_as: 'date' },
  { name: '429 without Retry-After', source: 'coingecko', kind: 'status', status: 429 },
  { name: '418', source: 'binance', kind: 'status', status: 418, retry_after: 5 },
  { name: '500', source: 'coinpaprika', kind: 'status', status: 500 },
  { name: '503', source: 'coincap', kind: 'status', status: 503 },
  { name: '403', source: 'bitstamp', kind: 'status', status: 403 },
  { name: '451', source: 'deribit', kind: 'status', status: 451 },
  { name: 'no answer', source: 'kraken', kind: 'hang' },
  { name: 'a body byte by byte', source: 'coingecko', kind: 'slow_body' },
  { name: 'a body of 100 MB', source: 'coinpaprika', kind: 'huge_body' },
  { name: 'truncated JSON', source: 'coincap', kind: 'truncated_json' },
  { name: 'a connection cut', source: 'coinbase', kind: 'truncated' },
  { name: 'an empty body', source: 'bitstamp', kind: 'empty_body' },
  { name: 'HTML', source: 'binance', kind: 'wrong_body' },
  { name: 'a renamed field', source: 'kraken', kind: 'renamed' },
  { name: 'a renamed field', source: 'coingecko', kind: 'renamed' },
  { name: 'a retyped field', source: 'coincap', kind: 'retyped' },
  { name: 'zero', source: 'coinpaprika', kind: 'zero' },
  { name: 'negative', source: 'coinbase', kind: 'negative' },
  { name: '1e30', source: 'binance', kind: 'absurd' },
  { name: 'a name missing', source: 'coingecko', kind: 'missing' },
  { name: 'frozen', source: 'bitstamp', kind: 'frozen', at: -3_600 },
  { name: 'frozen in a cache', source: 'coinpaprika', kind: 'frozen', cached: true, at: -3_600 },
  { name: '25 % off', source: 'kraken', kind: 'off', percent: 25 },
  { name: '25 % off', source: 'deribit', kind: 'off', percent: -25 },
  { name: 'USDT at 0.95', event: { asset: 'usdt', kind: 'level', usd: 0.95 } },
  { name: 'bitcoin 30 % up, for good', event: { asset: 'btc', kind: 'move', percent: 30 }, lasts: true },
  { name: 'ether 30 % down, for good', event: { asset: 'eth', kind: 'move', percent: -30 }, lasts: true },
  { name: 'all sources away', source: null, kind: 'status', status: 503, outage: true },
];

const run = await startSimulatedRun('day', catalogue(), { SAMPLE_INTERVAL_SECONDS: String(INTERVAL) });
console.log(`${TICKERS.length} tickers from ${SOURCES.length} sources every ${INTERVAL} s, in ${run.home}`);
await sleep(15_000);
const begin = Math.ceil(Date.now() / 1000) + 2;
let at = begin + 10;
const outages = [];
for (const { name, source, outage, event, lasts, ...fault } of FAULTS) {
  const from = at;
  const to = from + SECONDS;
  if (event !== undefined)
    await run.ask('simulator', '/simulator/market/events', { ...event, from, ...(lasts ? {} : { to }) });
  else {
    const when = fault.at === undefined ? {} : { at: from + fault.at };
    await run.ask('simulator', '/simulator/faults', {
      ...fault,
      ...when,
      ...(source === null ? {} : { source }),
      from,
      to,
    });
  }
  if (outage) outages.push({ from, to });
  console.log(
    `${new Date(from * 1000).toISOString().slice(11, 19)}Z  ${source ?? (event ? 'the market' : 'every source')}: ${name}`,
  );
  at = to + (outage ? 60 : 5);
}
const end = at;
while (Date.now() / 1000 < end + 40 && run.isRunning()) await sleep(1_000);
const faults = await judge();
// While the simulator runs: it alone knows what it was made to do.
const status = await run.verify();
await run.stop();
for (const fault of faults) console.error(`WRONG: ${fault}`);
if (status === 0 && faults.length === 0) await run.remove();
else console.error(`The data is kept in ${run.home}`);
process.exit(status === 0 && faults.length === 0 ? 0 : 1);

/** Everything from every source that has it: one call for all where the source answers many, else one each. */
function catalogue() {
  return {
    tickers: TICKERS.map((ticker) => {
      const [base, quote] = ticker.split('_');
      const sources = SOURCES.flatMap((source) => {
        if (source.id >= 100) return [];
        // The rates of Coinbase's app come for every coin in one call, under the coin's bare name.
        const name = source.name === 'coinbase' ? base.toUpperCase() : source.defaultSymbol({ ticker, base, quote });
        if (name === undefined) return [];
        const quotedIn = source.quoteOf?.(name) ?? quote;
        // What a stablecoin costs is measured in dollars, and not in the other one.
        if (quote !== quotedIn && (base === 'usdt' || base === 'usdc')) return [];
        const single = source.name === 'deribit' || source.name === 'bitstamp';
        return [{ source: source.name, source_symbol, ...(single ? {} : { batch: 'all' }) }];
      });
      return { ticker, interval_seconds: INTERVAL, rule: 'median', sources };
    }),
  };
}

/** What was served, against what was true. */
async function judge() {
  const wrong = [];
  let expected = 0;
  let served = 0;
  let compared = 0;
  let worst = 0;
  const window = Math.min(INTERVAL, 15);
  for (const ticker of TICKERS) {
    const { prices: market } = await run.ask(
      'simulator',
      `/simulator/market?ticker=${ticker}&from=${begin}&to=${end + window}`,
    );
    const expected = new Map(market.map(([second, price]) => [second, Number(price)]));
    const { data } = await run.ask('api', `/prices?ticker=${ticker}&from=${begin}&to=${end}`);
    for (const { timestamp, price } of data) {
      compared += 1;
      const away = Math.min(
        ...Array.from({ length: window + 1 }, (_, second) => expected.get(timestamp + second))
          .filter((true_) => true_ !== undefined)
          .map((true_) => Math.abs(Number(price) / true_ - 1)),
      );
      worst = Math.max(worst, away);
      if (away > TOLERANCE)
        wrong.push(`${ticker} at ${timestamp}: ${price} is ${(away * 100).toFixed(3)} % off the market`);
    }
    const counted = new Set(data.map(({ timestamp }) => timestamp));
    for (let slot = Math.ceil(begin / INTERVAL) * INTERVAL; slot < end; slot += INTERVAL) {
      if (outages.some(({ from, to }) => slot > from - window && slot < to)) continue;
      expected += 1;
      if (counted.has(slot)) served += 1;
    }
  }
  const rejected = await run.query(
    `SELECT reason, count(*)::int AS count, count(*) FILTER (WHERE reason IS NULL OR detail IS NULL)::int AS unexplained
     FROM samples WHERE outcome = 'rejected' GROUP BY reason ORDER BY 2 DESC`,
  );
  const unexplained = rejected.reduce((sum, row) => sum + row.unexplained, 0);
  const share = served / expected;
  console.log(`compared with the market: ${compared} prices, the worst ${(worst * 100).toFixed(3)} % off`);
  console.log(`served outside the outage: ${served} of ${expected} slots, ${(share * 100).toFixed(2)} %`);
  for (const { to } of outages) {
    const [back] = await run.query(
      `SELECT min(slot) - $1::bigint AS first, max(slot) - $1::bigint AS last FROM
         (SELECT ticker_id, min(slot) AS slot FROM prices WHERE slot >= $1 GROUP BY ticker_id) back`,
      [to],
    );
    console.log(
      `after the outage of all sources the first price came ${back.first} s later, that of the last ticker ${back.last} s`,
    );
  }
  console.log(
    `rejected samples: ${rejected.map(({ reason, count }) => `${count} ${reason}`).join(', ')}; without an explanation: ${unexplained}`,
  );
  if (compared === 0) wrong.push('no price was compared');
  if (share < LEAST_SERVED) wrong.push(`only ${(share * 100).toFixed(2)} % of the slots were served`);
  if (unexplained > 0) wrong.push(`${unexplained} rejected samples do not say why`);
  return wrong.length > 20 ? [...wrong.slice(0, 20), `and ${wrong.length - 20} more`] : wrong;
}
