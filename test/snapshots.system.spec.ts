import { watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

/** So many whole minutes are written, with schedulers killed in each; SNAPSHOT_MINUTES=10 is a longer proof of the same. */
const MINUTES = Number(process.env.SNAPSHOT_MINUTES ?? 2);

/** How long after the last kill by the clock the next one of the two schedulers is killed, in milliseconds. */
const KILL_AFTER_MS = [7_300, 33_100, 21_700, 48_900, 2_900];

/** How long everything may take, in milliseconds: the minutes, the rest of the first and the grace of the last, a start. */
const LIMIT_MS = (MINUTES + 3) * 60_000 + 60_000;

const SCHEDULERS = ['scheduler-1', 'scheduler-2'];

const HEADER = 'timestamp_utc,source,asset,price_usd,http_status,latency_ms,attempt';

const CATALOGUE = `
tickers:
  - { ticker: btc_usd, interval_seconds: 1, sources: [deribit] }
  - { ticker: eth_usd, interval_seconds: 5, sources: [deribit, coingecko] }
  - { ticker: sol_usd, interval_seconds: 7, sources: [{ source: coingecko, batch: majors }] }
  - { ticker: eth_eur, interval_seconds: 5, sources: [coingecko] }
`;

const ASSETS: Readonly<Record<string, string>> = { btc_usd: 'bitcoin', eth_usd: 'ethereum', sol_usd: 'solana' };

/** Every sample that is to be in the files, by plain joins: as it stands in Postgres at the end. */
const SAMPLES_SQL = `
  SELECT s.slot, o.name AS source, t.ticker, s.outcome, s.price::text AS price,
         s.requested_at IS NOT NULL AS "isCalled", f.http_status AS "httpStatus", f.latency_ms AS "latencyMs", f.attempts
  FROM samples s JOIN tickers t ON t.id = s.ticker_id JOIN sources o ON o.id = s.source_id
  JOIN fetches f ON f.source_id = s.source_id AND f.batch = s.batch AND f.slot = s.slot
  WHERE t.quote = 'usd' AND s.slot >= $1 AND s.slot < $2`;

interface StoredSample {
  readonly slot: number;
  readonly source: string;
  readonly ticker: string;
  readonly outcome: string;
  readonly price: string | null;
  readonly isCalled: boolean;
  readonly httpStatus: number | null;
  readonly latencyMs: number | null;
  readonly attempts: number;
}

describe(`snapshots of ${MINUTES} minutes, with two schedulers of which one is killed again and again`, () => {
  let database: TestDatabase;
  let system: TestSystem;
  let folder: string;
  /** The first minute that is written, and the end of the last. */
  let from: number;
  let to: number;
  /** Every file as it was first seen: it must never be another. */
  const seen = new Map<string, string>();
  let changed: string[] = [];
  let kills: Killer['kills'];

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-snapshots-'));
    system = await TestSystem.prepare({ databaseUrl: database.url, catalogue: CATALOGUE });
    const start = (name: string) => system.start('scheduler', name, 0, { SNAPSHOT_DIR: folder });
    for (const name of SCHEDULERS) await start(name);
    await system.start('worker');
    from = await eventually('the mark of what is written', 30_000, writtenTo);
    to = from + (MINUTES + 1) * 60;
    const killer = new Killer(system, start, folder);
    const killing = killer.run();
    try {
      await eventually('every minute to be written', LIMIT_MS, async () => {
        await lookAtFiles();
        return (await writtenTo()) === undefined || ((await writtenTo()) ?? 0) < to ? undefined : true;
      });
    } finally {
      killer.end();
      await killing;
      kills = killer.kills;
    }
    for (const name of [...SCHEDULERS, 'worker']) await system.end(name, 'SIGTERM');
    await lookAtFiles();
  }, LIMIT_MS + 60_000);

  afterAll(async () => {
    await system?.stop();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  it('has each sample in dollars in the file of its minute, as it stands in Postgres, line by line', async () => {
    const { rows } = await database.pool.query<StoredSample>(SAMPLES_SQL, [from, to]);
    const expected = Map.groupBy(rows, ({ slot }) => slot - (slot % 60));
    const files = await filesFrom(from, to);
    expect([...files.keys()]).toEqual([...expected.keys()].sort((left, right) => left - right).map(fileOf));
    let lines = 0;
    for (const [minute, samples] of expected) {
      const [header, ...found] = (files.get(fileOf(minute)) ?? '').trimEnd().split('\n');
      expect(header).toBe(HEADER);
      expect([...found].sort()).toEqual(samples.map(lineOf).sort());
      expect(found.map(placeOf)).toEqual(found.map(placeOf).sort());
      lines += found.length;
    }
    // Most of what could be sampled was: an empty folder would prove nothing.
    expect(rows.filter(({ outcome }) => outcome === 'accepted').length).toBeGreaterThan(60 * MINUTES);
    process.stderr.write(`${files.size} files, ${lines} lines; kills: ${JSON.stringify(kills)}\n`);
    expect(kills.byTheClock + kills.whileWriting).toBeGreaterThanOrEqual(MINUTES);
  });

  it('never had another content under a name of a file, and left nothing half done', async () => {
    expect(changed).toEqual([]);
    const entries = await readdir(folder, { recursive: true });
    expect(entries.filter((entry) => path.basename(entry).startsWith('.'))).toEqual([]);
  });

  it('was written without a failure of the task, however often it was killed', () => {
    const failed = system
      .lines('scheduler')
      .filter(({ event, task }) => event === 'task_failed' && task === 'write-snapshots');
    expect(failed).toEqual([]);
  });

  async function writtenTo(): Promise<number | undefined> {
    const { rows } = await database.pool.query<{ written_to: number }>('SELECT written_to FROM snapshot_progress');
    return rows[0]?.written_to;
  }

  async function filesFrom(first: number, end: number): Promise<Map<string, string>> {
    const wanted = new Set(Array.from({ length: (end - first) / 60 }, (_, index) => fileOf(first + index * 60)));
    const entries = (await readdir(folder, { recursive: true })).filter((entry) => wanted.has(entry)).sort();
    return new Map(
      await Promise.all(
        entries.map(async (entry) => [entry, await readFile(path.join(folder, entry), 'utf8')] as const),
      ),
    );
  }

  /** What a reader sees at any moment: a whole file, and the same one for ever. */
  async function lookAtFiles(): Promise<void> {
    for (const entry of await readdir(folder, { recursive: true })) {
      if (!entry.endsWith('.csv')) continue;
      const text = await readFile(path.join(folder, entry), 'utf8');
      const before = seen.get(entry) ?? text;
      if (before !== text || !text.startsWith(`${HEADER}\n`) || !text.endsWith('\n')) changed = [...changed, entry];
      seen.set(entry, before);
    }
  }
});

/** Kills schedulers: one after the other by the clock, and both in the moment in which a file begins to be written, once for each file. */
class Killer {
  readonly kills = { byTheClock: 0, whileWriting: 0, withSomethingLeft: 0 };
  private isOver = false;
  /** The schedulers are being killed or started: whoever writes is left alone. */
  private isBusy = false;
  private struck: { readonly file: string; readonly ended: Promise<unknown> } | undefined;
  private readonly files = new Set<string>();

  constructor(
    private readonly system: TestSystem,
    private readonly start: (name: string) => Promise<unknown>,
    private readonly folder: string,
  ) {}

  end(): void {
    this.isOver = true;
  }

  async run(): Promise<void> {
    const watcher = watch(this.folder, { recursive: true }, (_, file) => this.strike(file ?? ''));
    let untilMs = Date.now() + (KILL_AFTER_MS[0] ?? 0);
    for (let index = 0; !this.isOver;) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (this.struck !== undefined) await this.bringBack(this.struck);
      if (this.isOver || Date.now() < untilMs) continue;
      await this.killOne(SCHEDULERS[index % 2] ?? '');
      index += 1;
      untilMs = Date.now() + (KILL_AFTER_MS[index % KILL_AFTER_MS.length] ?? 0);
    }
    watcher.close();
    if (this.struck !== undefined) await this.bringBack(this.struck);
  }

  /** A name that begins with a dot is that of a lock, or of a file that is not whole yet. */
  private strike(file: string): void {
    const name = /^\.(prices-\d{4}\.csv)\./.exec(path.basename(file))?.[1];
    if (name === undefined || this.files.has(name) || this.isBusy || this.isOver) return;
    this.files.add(name);
    this.isBusy = true;
    this.struck = { file, ended: Promise.all(SCHEDULERS.map((each) => this.system.end(each, 'SIGKILL'))) };
  }

  private async bringBack({ file, ended }: { readonly file: string; readonly ended: Promise<unknown> }): Promise<void> {
    await ended;
    this.kills.whileWriting += 1;
    const left = await readdir(path.join(this.folder, path.dirname(file)));
    if (left.some((name) => name.startsWith('.'))) this.kills.withSomethingLeft += 1;
    for (const name of SCHEDULERS) await this.start(name);
    this.struck = undefined;
    this.isBusy = false;
  }

  private async killOne(name: string): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    await this.system.end(name, 'SIGKILL');
    this.kills.byTheClock += 1;
    await this.start(name);
    this.isBusy = false;
  }
}

function fileOf(minute: number): string {
  const time = new Date(minute * 1000).toISOString();
  return path.join(
    time.slice(0, 4),
    time.slice(5, 7),
    time.slice(8, 10),
    `prices-${time.slice(11, 13)}${time.slice(14, 16)}.csv`,
  );
}

function lineOf({ slot, source, ticker, price, ...call }: StoredSample): string {
  const time = new Date(slot * 1000).toISOString().replace('.000Z', 'Z');
  const said = call.isCalled ? [call.httpStatus ?? '', call.latencyMs ?? '', call.attempts] : ['', '', ''];
  return [time, source, ASSETS[ticker], price ?? '', ...said].join(',');
}

/** What lines are ordered by. */
function placeOf(line: string): string {
  const [time, source, asset] = line.split(',');
  return `${time} ${asset} ${source}`;
}
