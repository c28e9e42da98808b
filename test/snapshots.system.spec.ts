import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

/** So many minutes are written, with a scheduler killed in each; SNAPSHOT_MINUTES=10 is a longer proof of the same. */
const MINUTES = Number(process.env.SNAPSHOT_MINUTES ?? 2);

/** For how long of each minute one of the two schedulers lives before it is killed, in milliseconds: at another point of each. */
const KILL_AFTER_MS = [7_300, 33_100, 21_700, 48_900, 2_900];

/** How long everything may take, in milliseconds: the minutes, the rest of the first and the grace of the last, a start. */
const LIMIT_MS = (MINUTES + 3) * 60_000 + 60_000;

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
  let kills = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-snapshots-'));
    system = await TestSystem.prepare({ databaseUrl: database.url, catalogue: CATALOGUE });
    const start = (name: string) => system.start('scheduler', name, 0, { SNAPSHOT_DIR: folder });
    await start('scheduler-1');
    await start('scheduler-2');
    await system.start('worker');
    from = await eventually('the mark of what is written', 30_000, writtenTo);
    to = from + (MINUTES + 1) * 60;
    let isOver = false;
    const killing = (async () => {
      for (let index = 0; !isOver; index += 1) {
        const name = `scheduler-${1 + (index % 2)}`;
        const untilMs = Date.now() + (KILL_AFTER_MS[index % KILL_AFTER_MS.length] ?? 0);
        while (!isOver && Date.now() < untilMs) await nextLook();
        if (isOver) break;
        await system.end(name, 'SIGKILL');
        kills += 1;
        await start(name);
      }
    })();
    try {
      await eventually('every minute to be written', LIMIT_MS, async () => {
        await lookAtFiles();
        return (await writtenTo()) === undefined || ((await writtenTo()) ?? 0) < to ? undefined : true;
      });
    } finally {
      isOver = true;
      await killing;
    }
    for (const name of ['scheduler-1', 'scheduler-2', 'worker']) await system.end(name, 'SIGTERM');
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
    process.stderr.write(`${files.size} files, ${lines} lines, ${kills} kills\n`);
    expect(kills).toBeGreaterThanOrEqual(MINUTES);
  });

  it('never had another content under a name of a file, and left nothing half done', async () => {
    expect(changed).toEqual([]);
    const entries = await readdir(folder, { recursive: true });
    expect(entries.filter((entry) => path.basename(entry).startsWith('.'))).toEqual([]);
  });

  it('was written by more than one scheduler, none of which failed at it', () => {
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

function nextLook(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
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
