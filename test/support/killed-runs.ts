import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from './test-database.js';

const CLI = path.resolve(import.meta.dirname, '../../dist/apps/cli/src/main.js');

/** How long a run may take to come to its next kill, in milliseconds. */
const KILL_LIMIT_MS = 60_000;

/** Every so many records one cannot be read. */
const BAD_EVERY = 97;

/** A run over a list that is killed at some of its records, and what the tables say in the end. */
export interface KilledRunOptions {
  /** Records stored in one transaction. */
  readonly batchSize: number;
  /** After how many records in all a process is killed, ascending; each goes on where the one before it was killed. */
  readonly points: readonly number[];
}

/** What came of it. */
export interface KilledRun {
  /** How many records were stored when each process was gone. */
  readonly killedAt: readonly number[];
  /** Records over all runs, and pages: each page is processed once, to its end. */
  readonly processed: number;
  readonly pages: number;
  readonly tables: unknown;
}

/** Runs of `tidemark etl run` over a list whose order is another one each time it is asked for. */
export class KilledRuns {
  private constructor(
    private readonly database: TestDatabase,
    private readonly server: Server,
    readonly records: number,
  ) {}

  static async open(records: number): Promise<KilledRuns> {
    const rows = Array.from({ length: records }, (_, index) => rowOf(index));
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(`[${shuffled(rows).join(',')}]`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new KilledRuns(await createTestDatabase(), server, records);
  }

  /** Runs once from nothing, with the kills, and then to the end. */
  async run({ batchSize, points }: KilledRunOptions): Promise<KilledRun> {
    await this.database.pool.query(`TRUNCATE ${TABLES} RESTART IDENTITY`);
    const killedAt: number[] = [];
    for (const [index, point] of points.entries()) {
      const child = this.start(batchSize);
      const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
      const by = Date.now() + KILL_LIMIT_MS;
      for (;;) {
        const { runs, processed } = await this.progress();
        if (runs > index && processed >= point) break;
        if (child.exitCode !== null || Date.now() > by) throw new Error(`a run did not come to record ${point}`);
        await sleep(1);
      }
      child.kill('SIGKILL');
      await ended;
      killedAt.push((await this.progress()).processed);
    }
    const last = this.start(batchSize);
    const [status] = (await once(last, 'exit')) as [number | null];
    if (status !== 0) throw new Error(`the last run ended with ${status}`);
    const { processed, pages } = await this.progress();
    return { killedAt, processed, pages, tables: await this.tables() };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.database.drop();
  }

  private start(batchSize: number) {
    const { port } = this.server.address() as AddressInfo;
    // Until a run ends with its process by itself, whoever comes after a kill says that it is gone.
    return spawn(process.execPath, [CLI, 'etl', 'run', '--source', 'coinpaprika'], {
      stdio: 'ignore',
      env: {
        ...{ PATH: process.env.PATH, DATABASE_URL: this.database.url, TIDEMARK_MODE: 'simulated' },
        ...{ COINPAPRIKA_URL: `http://127.0.0.1:${port}`, ETL_BATCH_SIZE: String(batchSize) },
      },
    });
  }

  private async progress(): Promise<{ runs: number; processed: number; pages: number }> {
    const { rows } = await this.database.pool.query<{ runs: number; processed: number; pages: number }>(
      `SELECT count(*)::int AS runs, coalesce(sum(records_processed), 0)::int AS processed, coalesce(sum(pages), 0)::int AS pages FROM etl_runs`,
    );
    return rows[0] ?? { runs: 0, processed: 0, pages: 0 };
  }

  /** What the tables say, without the numbers of runs, the places in a list and the times at which records came. */
  private async tables(): Promise<unknown> {
    const { rows } = await this.database.pool.query<{ all: unknown }>(`
      SELECT json_build_object(
        'assets', (SELECT json_agg(a ORDER BY asset_id) FROM assets a),
        'values', (SELECT json_agg(v ORDER BY asset_id, updated_at) FROM asset_values v),
        'raw', (SELECT json_agg(json_build_array(record_id, content_hash, payload) ORDER BY record_id) FROM raw_coinpaprika),
        'known', (SELECT json_agg(json_build_array(record_id, content_hash) ORDER BY record_id) FROM etl_records),
        'quarantine', (SELECT json_agg(json_build_array(record_id, reason, payload) ORDER BY record_id) FROM etl_quarantine),
        'pages', (SELECT count(*) FROM etl_pages),
        'checkpoint', (SELECT json_build_array(status, last_processed_id, page_records, next_page) FROM etl_checkpoints),
        'last run', (SELECT status FROM etl_runs ORDER BY run_id DESC LIMIT 1)) AS all`);
    return rows[0]?.all;
  }
}

/** So many points spread evenly over a list, later by a share of their distance. @param share from 0 to 1. */
export function spreadPoints(records: number, count: number, share: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(((index + share) * records) / count));
}

const TABLES = 'etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, assets, asset_values, etl_quarantine';

/** A ticker of CoinPaprika as JSON. */
function rowOf(index: number): string {
  const name = `coin-${String(index).padStart(5, '0')}`;
  const symbol = index % BAD_EVERY === BAD_EVERY - 1 ? 7 : `C${index}`;
  const quotes = { USD: { price: index / 8, market_cap: index * 1_000, volume_24h: index * 10 } };
  return JSON.stringify({ id: name, name, symbol, last_updated: '2026-03-01T12:00:00Z', quotes });
}

function shuffled(rows: readonly string[]): string[] {
  return rows
    .map((row) => ({ row, place: Math.random() }))
    .sort((left, right) => left.place - right.place)
    .map(({ row }) => row);
}
