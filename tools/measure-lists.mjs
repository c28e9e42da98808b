// `make measure-lists`: how fast lists of assets are read, and with how much memory: one of 5,000 assets over HTTP and a CSV file of
// 200,000 rows (ASSETS, ROWS), each by `tidemark etl run` on a Postgres of its own, RUNS times. Beside each run stands its floor: the same rows
// written into tables of the same form by plain INSERTs of as many rows, from memory, on one connection. Prints the medians, and fails when a run
// takes more than four times its floor or its memory grows with the rows.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startEmbeddedPostgres } from '../dist/libs/embedded/src/embedded-postgres.js';
import { makeHome, removeHome } from '../test/support/private-home.mjs';

const ASSETS = Number(process.env.ASSETS ?? 5_000);
const ROWS = Number(process.env.ROWS ?? 200_000);
const RUNS = Number(process.env.RUNS ?? 3);
const BATCH = Number(process.env.ETL_BATCH_SIZE ?? 250);
const MOST_TIMES_FLOOR = 4;
/** How many times the memory twice the rows may take: the heap of Node grows until some 100,000 rows have gone through it. */
const MOST_GROWTH = 1.2;

/** Rows are written again as they are read. */
const AS_TEXT = { getTypeParser: () => (text) => text };

const TABLES = ['etl_records', 'raw_records', 'asset_values', 'assets'];
const home = makeHome('measure-lists');
const postgres = await startEmbeddedPostgres({ dataFolder: path.join(home, 'postgres') });
const environment = { PATH: process.env.PATH, DATABASE_URL: postgres.url, TIDEMARK_MODE: 'simulated' };
const faults = [];
let server;
const client = new pg.Client({ connectionString: postgres.url });
try {
  tidemark(['migrate'], { ...environment, API_DATABASE_PASSWORD: 'reader' });
  server = await serveList();
  await client.connect();
  for (const table of TABLES) await client.query(`CREATE TABLE floor_${table} (LIKE ${table} INCLUDING ALL)`);
  const list = { COINPAPRIKA_URL: `http://127.0.0.1:${server.address().port}` };
  await measured(client, `${ASSETS} assets over HTTP`, 'coinpaprika', list);
  const half = await measured(client, `${ROWS / 2} rows of CSV`, 'csv', { ETL_CSV_DIR: await csvFolder(ROWS / 2) });
  const many = await measured(client, `${ROWS} rows of CSV`, 'csv', { ETL_CSV_DIR: await csvFolder(ROWS) });
  if (many.megabytes > half.megabytes * MOST_GROWTH)
    faults.push(`${ROWS} rows take ${many.megabytes} MB, and half of them ${half.megabytes}`);
} finally {
  await client.end();
  server?.close();
  await postgres.stop();
  await removeHome(home);
}
for (const fault of faults) console.error(`WRONG: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function measured(client, what, source, variables) {
  const rounds = [];
  for (let round = 0; round < RUNS; round += 1) {
    await client.query(
      `TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_quarantine, ${TABLES.join()}, ${TABLES.map((each) => `floor_${each}`).join()}`,
    );
    const megabytes = await run(source, variables);
    const { rows } = await client.query(
      `SELECT records_written AS records, extract(epoch FROM ended_at - started_at)::float8 AS seconds FROM etl_runs WHERE status = 'completed'`,
    );
    if (rows.length !== 1) throw new Error(`the run over ${what} failed`);
    const floor = await floorSeconds(client);
    const again = await secondRun(client, source, variables);
    rounds.push({ megabytes, ...rows[0], floor, again, ratio: rows[0].seconds / floor });
  }
  const of = (name) => rounds.map((round) => round[name]).toSorted((left, right) => left - right)[Math.floor(RUNS / 2)];
  const records = of('records');
  const result = { megabytes: of('megabytes'), ratio: of('ratio') };
  console.log(
    `${what}: ${of('seconds').toFixed(2)} s, ${Math.round(records / of('seconds'))} records/s, ${result.megabytes} MB at most; ` +
      `floor ${of('floor').toFixed(2)} s, ${Math.round(records / of('floor'))} records/s, ratio ${result.ratio.toFixed(1)}; ` +
      `unchanged again ${of('again').toFixed(2)} s, ${Math.round(records / of('again'))} records/s (medians of ${RUNS})`,
  );
  if (result.ratio > MOST_TIMES_FLOOR) faults.push(`${what}: ${result.ratio.toFixed(1)} times its floor`);
  return result;
}

/** @returns the most memory that the process had, in MB. */
async function run(source, variables) {
  const child = spawn(process.execPath, ['dist/apps/cli/src/main.js', 'etl', 'run', '--source', source], {
    env: { ...environment, ETL_BATCH_SIZE: String(BATCH), ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let kilobytes = 0;
  const timer = setInterval(() => {
    try {
      kilobytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? kilobytes);
    } catch {
      // It has just ended.
    }
  }, 20);
  const [status] = await once(child, 'exit');
  clearInterval(timer);
  if (status !== 0) throw new Error(`tidemark etl run --source ${source} ended with ${status}`);
  return Math.round(kilobytes / 1024);
}

/** A run in which nothing has changed. */
async function secondRun(client, source, variables) {
  await run(source, variables);
  const { rows } = await client.query(
    `SELECT extract(epoch FROM ended_at - started_at)::float8 AS seconds FROM etl_runs ORDER BY run_id DESC LIMIT 1`,
  );
  return rows[0].seconds;
}

/** How long plain INSERTs take of the rows that the run has written. */
async function floorSeconds(client) {
  const columns = {};
  for (const table of TABLES) {
    const { fields, rows } = await client.query({ text: `SELECT * FROM ${table}`, rowMode: 'array', types: AS_TEXT });
    const { rows: types } = await client.query(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
      [table],
    );
    const unnested = types.map(({ type }, index) => `$${index + 1}::text[]::${type}[]`).join();
    const names = fields.map(({ name }) => name).join();
    columns[table] = {
      rows,
      text: `INSERT INTO floor_${table} (${names}) SELECT * FROM unnest(${unnested})`,
      width: fields.length,
    };
  }
  const started = performance.now();
  const most = Math.max(...Object.values(columns).map(({ rows }) => rows.length));
  for (let from = 0; from < most; from += BATCH) {
    await client.query('BEGIN');
    for (const [table, { rows, text, width }] of Object.entries(columns)) {
      const batch = rows.slice(from, from + BATCH);
      if (batch.length === 0) continue;
      const values = Array.from({ length: width }, (_, index) => batch.map((row) => row[index]));
      await client.query({ name: `floor-${table}`, text, values });
    }
    await client.query('COMMIT');
  }
  return (performance.now() - started) / 1000;
}

async function serveList() {
  const body = `[${Array.from({ length: ASSETS }, (_, index) => JSON.stringify(assetOf(index))).join()}]`;
  const listening = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return listening;
}

/** As long as one of CoinPaprika: some 900 bytes. */
function assetOf(index) {
  const id = `c${index}-coin-${index}`;
  const more = {
    rank: index,
    total_supply: 21_000_000,
    max_supply: 21_000_000,
    beta_value: 0.93,
    first_data_at: '2010-07-17T00:00:00Z',
  };
  const changes = Object.fromEntries(
    ['15m', '30m', '1h', '6h', '12h', '24h', '7d', '30d', '1y'].map((span) => [
      `percent_change_${span}`,
      index / 1_000,
    ]),
  );
  const ath = { ath_price: 126_173.180_01, ath_date: '2025-10-06T18:45:00Z', percent_from_price_ath: -28.1 };
  const USD = {
    price: index * 1.01,
    volume_24h: index * 10.5,
    volume_24h_change_24h: 1.5,
    market_cap: index * 1_000,
    ...changes,
    ...ath,
  };
  return {
    id,
    name: `Coin ${index}`,
    symbol: `C${index}`,
    ...more,
    last_updated: '2026-03-01T12:00:00Z',
    quotes: { USD },
  };
}

/** A folder with one file: days of fifty assets. */
async function csvFolder(rows) {
  const folder = path.join(home, `csv-${rows}`);
  await mkdir(folder);
  const columns =
    '{ symbol: Ticker, name: Name, updated_at: Date, price_usd: Close, market_cap: Cap, volume_24h: Volume }';
  await writeFile(path.join(folder, 'layouts.yaml'), `files:\n  - { file: prices.csv, columns: ${columns} }\n`);
  const lines = Array.from({ length: rows }, (_, index) => {
    const date = new Date(Date.UTC(2014, 0, 1 + Math.floor(index / 50))).toISOString().slice(0, 10);
    return `C${index % 50},Coin ${index % 50},${date},${index * 1.01},${index * 1_000},${index * 10.5}`;
  });
  await writeFile(path.join(folder, 'prices.csv'), `Ticker,Name,Date,Close,Cap,Volume\n${lines.join('\n')}\n`);
  return folder;
}

function tidemark(words, variables) {
  const { status, stderr } = spawnSync(process.execPath, ['dist/apps/cli/src/main.js', ...words], {
    env: variables,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tidemark ${words.join(' ')} ended with ${status}: ${stderr}`);
}
