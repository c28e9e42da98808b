// `make load TICKERS=1000 INTERVAL=10 MINUTES=10`: that many tickers under the published limits, from the sources whose limits allow
// it. Prints gaps, the time from slot to stored, the calls against each limit, and memory over time. The 99th percentile from slot to
// stored must be below a fifth of the interval: 2 s of 10.
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointFor, planOf, SOURCES, takesKey } from '../dist/libs/sources/src/index.js';
import { memoryOf, startSimulatedRun } from './simulated-run.mjs';

const TICKERS = Number(process.env.TICKERS ?? 1_000);
const INTERVAL = Number(process.env.INTERVAL ?? 10);
const MINUTES = Number(process.env.MINUTES ?? 10);
const MOST_SECONDS_TO_STORED = INTERVAL / 5;
/** What of a published limit the fleet uses: the queue lets up to twice its limit through a sliding window. */
const LIMIT_SHARE = 0.45;

/** Larger batches would be stored in one go, and the others wait for it. */
const LARGEST_BATCH = 250;

const asked = Object.fromEntries(SOURCES.map((source) => [source.name, 0]));
const chosen = catalogue();
const unasked = chosen.tickers.filter(({ sources }) => sources.length === 0).length;
if (unasked > 0) {
  console.error(
    `No source has room for ${unasked} of ${TICKERS} tickers every ${INTERVAL} s: fewer TICKERS or a longer INTERVAL`,
  );
  process.exit(2);
}
const run = await startSimulatedRun('load', chosen, {
  SIMULATOR_ASSETS: String(TICKERS),
  SOURCE_LIMITS: 'published',
  // At this pace a line for each sample is more than anybody reads.
  LOG_LEVEL: 'warn',
});
console.log(
  `${TICKERS} tickers every ${INTERVAL} s for ${MINUTES} minutes, in ${run.home}; tickers by source: ${JSON.stringify(asked)}`,
);
// The first slots belong to the start.
await sleep(30_000);
const from = Math.ceil(Date.now() / 1000 / INTERVAL) * INTERVAL + INTERVAL;
const to = from + Math.floor((MINUTES * 60) / INTERVAL) * INTERVAL;
while (Date.now() / 1000 < to + 45 && run.isRunning()) {
  console.log(`${new Date().toISOString().slice(11, 19)}Z  memory in MB: ${JSON.stringify(await memoryOf(run.pid))}`);
  await sleep(Math.min(60_000, Math.max(1_000, (to + 46) * 1000 - Date.now())));
}
const wrong = await judge();
const status = process.env.VERIFY === '0' ? 0 : await run.verify();
await run.stop();
for (const fault of wrong) console.error(`WRONG: ${fault}`);
if (status === 0 && wrong.length === 0) await run.remove();
else console.error(`The data is kept in ${run.home}`);
process.exit(status === 0 && wrong.length === 0 ? 0 : 1);

/** Every source is given as many tickers as its limit takes; a ticker asks the two sources with the most room first. */
function catalogue() {
  const tickers = Array.from({ length: TICKERS }, (_, index) => ({
    base: `sim${String(index + 1).padStart(4, '0')}`,
    sources: [],
  }));
  for (const source of SOURCES.filter(({ id }) => id < 100)) {
    const plan = planOf(source);
    // A month of calls at this pace is more than any free plan has.
    if (plan.monthly !== undefined || takesKey(plan)) continue;
    const name = nameAt(source.name);
    const sample = tickers.slice(0, 1_000).map(({ base }) => ({ ticker: `${base}_usd`, sourceSymbol: name(base) }));
    const size = Math.min(batchSize(source, sample), LARGEST_BATCH);
    const cost = endpointFor(source, sample.slice(0, size)).cost?.(size) ?? 1;
    // Spread over less than the window, so that each call is made in it.
    const calls = Math.floor(
      ((plan.limit.calls * LIMIT_SHARE) / plan.limit.perSeconds / cost) * Math.min(INTERVAL, 15) * 0.6,
    );
    for (const [index, ticker] of tickers.entries()) {
      const batch = Math.floor(index / size);
      if (batch >= calls) break;
      ticker.sources.push({
        source: source.name,
        name: name(ticker.base),
        batch: size === 1 ? `${ticker.base}_usd` : `b${batch}`,
      });
      asked[source.name] += 1;
    }
  }
  const room = (entry) => -asked[entry.source];
  return {
    tickers: [
      ...['usdt', 'usdc'].map((coin) => ({
        ticker: `${coin}_usd`,
        interval_seconds: INTERVAL,
        sources: [{ source: 'coinbase', source_symbol: coin.toUpperCase(), batch: 'rates' }],
      })),
      ...tickers.map(({ base, sources }) => ({
        ticker: `${base}_usd`,
        interval_seconds: INTERVAL,
        sources: sources.sort((left, right) => room(left) - room(right)),
      })),
    ],
  };
}

function batchSize(source, sample) {
  for (let size = sample.length; size > 1; size -= 1) {
    if (endpointFor(source, sample.slice(0, size)).maxBatch >= size) return size;
  }
  return 1;
}

function nameAt(source) {
  const names = {
    deribit: (base) => `${base}_usdc`,
    coingecko: (base) => base,
    binance: (base) => `${base.toUpperCase()}USDT`,
    coinbase: (base) => base.toUpperCase(),
    kraken: (base) => `${base.toUpperCase()}USD`,
    bitstamp: (base) => `${base}usd`,
  };
  return names[source] ?? ((base) => base);
}

/** Where the time of a slot goes, source by source: until its fetches are planned, queued, begun, answered, and their samples stored. */
async function tellStages() {
  const rows = await run.query(
    `SELECT src.name, count(*)::int AS fetches, stage.name AS stage, percentile_cont(0.5) WITHIN GROUP (ORDER BY stage.at) AS median, max(stage.at) AS most
     FROM (SELECT f.*, stored.stored_at FROM fetches f
           LEFT JOIN (SELECT slot, source_id, batch, max(stored_at) AS stored_at FROM samples
                      WHERE slot >= $1 AND slot < $2 GROUP BY slot, source_id, batch) stored USING (slot, source_id, batch)
           WHERE f.slot >= $1 AND f.slot < $2) f
     JOIN sources src ON src.id = f.source_id
     CROSS JOIN LATERAL (VALUES (1, 'planned', f.planned_at), (2, 'queued', f.enqueued_at), (3, 'begun', f.requested_at),
       (4, 'answered', f.received_at), (5, 'stored', f.stored_at)) AS times(position, name, time)
     CROSS JOIN LATERAL (SELECT times.position, times.name, extract(epoch FROM times.time)::float8 - f.slot AS at) stage
     GROUP BY 1, 3, stage.position ORDER BY 1, stage.position`,
    [from, to],
  );
  for (const [source, stages] of Map.groupBy(rows, ({ name }) => name)) {
    const told = stages.map(({ stage, median, most }) => `${stage} ${median?.toFixed(2)} (${most?.toFixed(2)})`);
    console.log(`  ${source}: ${stages[0].fetches} fetches, s after the slot, median (most): ${told.join(', ')}`);
  }
}

async function judge() {
  const wrong = [];
  const slots = (to - from) / INTERVAL;
  const [stored] = await run.query(
    `SELECT count(*)::int AS prices, count(DISTINCT ticker_id)::int AS tickers FROM prices WHERE slot >= $1 AND slot < $2`,
    [from, to],
  );
  const [delay] = await run.query(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY late) AS p99, max(late) AS most
     FROM (SELECT extract(epoch FROM min(s.stored_at)) - s.slot AS late FROM samples s JOIN prices p USING (ticker_id, slot)
           WHERE s.slot >= $1 AND s.slot < $2 AND s.source_id = p.source_id GROUP BY s.ticker_id, s.slot) stored`,
    [from, to],
  );
  await tellStages();
  const outcomes = await run.query(
    `SELECT src.name, s.outcome, s.reason, count(*)::int AS count FROM samples s JOIN sources src ON src.id = s.source_id
     WHERE s.slot >= $1 AND s.slot < $2 GROUP BY 1, 2, 3 ORDER BY 1, 2`,
    [from, to],
  );
  const expected = slots * (TICKERS + 2);
  console.log(`prices: ${stored.prices} of ${expected} (${slots} slots, ${stored.tickers} tickers)`);
  console.log(
    `from slot to stored, in s: median ${Number(delay.p50).toFixed(3)}, 99th percentile ${Number(delay.p99).toFixed(3)}, most ${Number(delay.most).toFixed(3)}`,
  );
  for (const { name, outcome, reason, count } of outcomes)
    console.log(`  ${name}: ${count} ${outcome}${reason === null ? '' : ` (${reason})`}`);
  if (stored.prices < expected) wrong.push(`${expected - stored.prices} slots have no price`);
  if (Number(delay.p99) >= MOST_SECONDS_TO_STORED)
    wrong.push(`the 99th percentile from slot to stored is ${Number(delay.p99).toFixed(3)} s`);
  const windows = [...new Set(SOURCES.flatMap((source) => source.plans.map((plan) => plan.limit.perSeconds)))];
  const { sources } = await run.ask('simulator', `/simulator/counters?windows=${windows.join(',')}`);
  for (const [name, counted] of Object.entries(sources)) {
    const source = SOURCES.find((one) => one.name === name);
    if (source === undefined) continue;
    const { limit } = planOf(source);
    const peak = counted.peaks[String(limit.perSeconds)];
    const most = Math.max(peak.calls, peak.weight ?? 0);
    console.log(`  ${name}: at most ${most} in ${limit.perSeconds} s, the limit is ${limit.calls}`);
    if (most > limit.calls) {
      const { calls } = await run.ask('simulator', `/simulator/calls?source=${name}&limit=10000`);
      const within = calls
        .filter(({ received_at: at }) => at >= peak.from && at < peak.from + limit.perSeconds)
        .map(({ received_at: at, endpoint, names }) => `${at} ${endpoint} (${names.length} names)`);
      wrong.push(
        `${name}: ${most} calls in ${limit.perSeconds} s, the limit is ${limit.calls}: ${within.slice(0, 20).join(', ')}`,
      );
    }
  }
  return wrong;
}
