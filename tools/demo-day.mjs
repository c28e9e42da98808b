// `make demo-day`: thirty tickers from all eight sources, and everything that a source can do wrong, one after the other. At the end
// every served price is held against the simulated market, every rejected sample must say why, and `verify` proves the invariants.
// SECONDS_PER_FAULT=20 sets how long each lasts, SAMPLE_INTERVAL_SECONDS=2 how often is sampled. All the while the market of one ticker
// with one source moves by 15 % a slot, and one source is frozen for an hour, of which a minute is a second here.
import { setTimeout as sleep } from 'node:timers/promises';
import { SOURCES } from '../dist/libs/sources/src/index.js';
import { startSimulatedRun } from './simulated-run.mjs';

const INTERVAL = Number(process.env.SAMPLE_INTERVAL_SECONDS ?? 2);
const SECONDS = Number(process.env.SECONDS_PER_FAULT ?? 20);
/** How far a served price may lie from the market, in parts of it. */
const TOLERANCE = 0.002;
const LEAST_SERVED = 0.99;

/** The ticker with one source whose market moves by so much a slot, up or down. */
const WILD = { ticker: 'apt_usd', asset: 'apt', source: 'coinbase', interval: 10, ratio: 1.15 };
/** How long it may be without a price, in seconds. */
const LONGEST_LOCKOUT = 600;
/**
 * The ticker whose first source freezes while its market moves. It is found out when another one has moved by the agreement ratio, and in the
 * slot after that: so far may a price be off.
 */
const FROZEN = {
  ticker: 'etc_usd',
  asset: 'etc',
  sources: ['kraken', 'coinbase', 'coingecko'],
  tolerance: 0.02 + 0.007,
};

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
  { name: 'frozen for an hour, compressed', source: 'kraken', kind: 'frozen', seconds: 70 },
  { name: '25 % off', source: 'kraken', kind: 'off', percent: 25 },
  { name: '25 % off', source: 'deribit', kind: 'off', percent: -25 },
  { name: 'USDT at 0.95', event: { asset: 'usdt', kind: 'level', usd: 0.95 } },
  { name: 'bitcoin 30 % up, for good', event: { asset: 'btc', kind: 'move', percent: 30 }, lasts: true },
  { name: 'ether 30 % down, for good', event: { asset: 'eth', kind: 'move', percent: -30 }, lasts: true },
  { name: 'all sources away', source: null, kind: 'status', status: 503, outage: true },
];

// The catalogue says how often each ticker is sampled.
const run = await startSimulatedRun('day', catalogue(), { SAMPLE_INTERVAL_SECONDS: undefined });
console.log(`${TICKERS.length} tickers from ${SOURCES.length} sources every ${INTERVAL} s, in ${run.home}`);
await sleep(15_000);
const begin = Math.ceil(Date.now() / 1000) + 2;
let at = begin + 10;
const outages = [];
for (const { name, source, outage, event, lasts, seconds = SECONDS, ...fault } of FAULTS) {
  const from = at;
  const to = from + seconds;
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
  // The market begins to move when its source has been frozen for long enough.
  if (seconds !== SECONDS)
    await run.ask('simulator', '/simulator/market/events', {
      ...{ asset: FROZEN.asset, kind: 'move', percent: 6, from: from + 24, over_seconds: 44 },
    });
  if (outage) outages.push({ from, to });
  console.log(
    `${new Date(from * 1000).toISOString().slice(11, 19)}Z  ${source ?? (event ? 'the market' : 'every source')}: ${name}`,
  );
  at = to + (outage ? 60 : 5);
}
const end = at;
await letMarketRunWild();
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
        const single = source.name === 'deribit' || source.name === 'bitstamp' || ticker === WILD.ticker;
        if (ticker === WILD.ticker && source.name !== WILD.source) return [];
        if (ticker === FROZEN.ticker && !FROZEN.sources.includes(source.name)) return [];
        return [{ source: source.name, source_symbol: name, ...(single ? {} : { batch: 'all' }) }];
      });
      if (ticker === WILD.ticker) return { ticker, interval_seconds: WILD.interval, sources };
      if (ticker === FROZEN.ticker) {
        const inOrder = FROZEN.sources.map((source) => sources.find((one) => one.source === source));
        return { ticker, interval_seconds: INTERVAL, sources: inOrder, checks: { frozen_after_seconds: 15 } };
      }
      return { ticker, interval_seconds: INTERVAL, rule: 'median', sources };
    }),
  };
}

/** From the beginning to the end, one step in each of its slots; the same walk every time. */
async function letMarketRunWild() {
  const first = Math.ceil(Date.now() / 1000 / WILD.interval + 1) * WILD.interval;
  let [random, height] = [20_261_130, 0];
  for (let from = first; from < end; from += WILD.interval) {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    // It stays between a half and twice its price, so that it keeps its digits.
    const up = height <= -4 || (height < 4 && random > 1_073_741_824);
    height += up ? 1 : -1;
    const percent = (up ? WILD.ratio - 1 : 1 / WILD.ratio - 1) * 100;
    await run.ask('simulator', '/simulator/market/events', { asset: WILD.asset, kind: 'move', percent, from });
  }
}

/** What was served, against what was true. */
async function judge() {
  const wrong = [];
  let expected = 0;
  let served = 0;
  let compared = 0;
  let worst = 0;
  for (const ticker of TICKERS) {
    const interval = ticker === WILD.ticker ? WILD.interval : INTERVAL;
    const window = Math.min(interval, 15);
    const tolerance = ticker === FROZEN.ticker ? FROZEN.tolerance : TOLERANCE;
    let worstOfTicker = 0;
    const { prices: market } = await run.ask(
      'simulator',
      `/simulator/market?ticker=${ticker}&from=${begin}&to=${end + window}`,
    );
    const marketAt = new Map(market.map(([second, price]) => [second, Number(price)]));
    const { data } = await run.ask('api', `/prices?ticker=${ticker}&from=${begin}&to=${end}`);
    for (const { timestamp, price } of data) {
      compared += 1;
      const away = Math.min(
        ...Array.from({ length: window + 1 }, (_, second) => marketAt.get(timestamp + second))
          .filter((true_) => true_ !== undefined)
          .map((true_) => Math.abs(Number(price) / true_ - 1)),
      );
      worstOfTicker = Math.max(worstOfTicker, away);
      if (away > tolerance)
        wrong.push(`${ticker} at ${timestamp}: ${price} is ${(away * 100).toFixed(3)} % off the market`);
    }
    if (ticker === WILD.ticker) {
      wrong.push(...judgeLockouts(data, worstOfTicker));
      continue;
    }
    if (ticker === FROZEN.ticker) wrong.push(...(await judgeFrozen(worstOfTicker)));
    else worst = Math.max(worst, worstOfTicker);
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

/** How long the ticker whose market moves too far in every slot was without a price at most. */
function judgeLockouts(data, worst) {
  const slots = [begin, ...data.map(({ timestamp }) => timestamp), end];
  const longest = Math.max(...slots.slice(1).map((slot, index) => slot - slots[index]));
  const unconfirmed = data.filter(({ flags = [] }) => flags.includes('unconfirmed')).length;
  console.log(
    `${WILD.ticker} of one source, 15 % a slot of ${WILD.interval} s: ${data.length} of ${Math.floor((end - begin) / WILD.interval)} slots have a price, ` +
      `${unconfirmed} of them unconfirmed, the worst ${(worst * 100).toFixed(3)} % off; at most ${longest} s without one`,
  );
  return longest > LONGEST_LOCKOUT + WILD.interval ? [`${WILD.ticker} was locked out for ${longest} s`] : [];
}

/** Whether the source that stood still was left out. */
async function judgeFrozen(worst) {
  const rows = await run.query(
    `SELECT o.name, count(*)::int AS count FROM samples s JOIN sources o ON o.id = s.source_id JOIN tickers t ON t.id = s.ticker_id
     WHERE t.ticker = $1 AND s.reason = 'frozen' GROUP BY o.name`,
    [FROZEN.ticker],
  );
  const found = rows.map(({ name, count }) => `${name} ${count} times`).join(', ');
  console.log(
    `${FROZEN.ticker}: left out as frozen: ${found || 'nobody'}; the worst ${(worst * 100).toFixed(3)} % off`,
  );
  return rows.length === 1 && rows[0].name === FROZEN.sources[0]
    ? []
    : [`${FROZEN.ticker}: left out as frozen: ${found || 'nobody'}`];
}
