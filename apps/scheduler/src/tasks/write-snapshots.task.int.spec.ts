import '../../../../test/support/one-realm-of-errors.js';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ClockWatch } from '@app/process';
import { writeMinute } from '@app/snapshots';
import { AttemptRepository, SampleRepository, SnapshotRepository, type Sample } from '@app/storage';
import { storeSamples } from '../../../../test/builders/stored-samples.js';
import {
  accepted,
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
} from '../../../../test/builders/stored-schedules.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { writeSnapshots } from './write-snapshots.task.js';

const HEADER = 'timestamp_utc,source,asset,price_usd,http_status,latency_ms,attempt';
const ASSETS = new Map([['btc', 'bitcoin']]);

/** The signal of a process that does not end. */
const NEVER = new AbortController().signal;

let database: TestDatabase;
let samples: SampleRepository;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await makePartitionsOfTests(database.pool);
  samples = new SampleRepository(database.pool);
});
beforeEach(async () => {
  await forgetEverything(database.pool);
  await database.pool.query('TRUNCATE snapshot_progress, fetch_attempts');
  folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-snapshots-'));
});
afterEach(() => rm(folder, { recursive: true }));
afterAll(() => database.drop());

describe('writing snapshots', () => {
  it('writes a line for each sample in dollars of a minute, from a ticker of 1 s and one of 5 s', async () => {
    const btc = await tickerOf('btc_usd', { intervalSeconds: 1 });
    const odd = await tickerOf('odd_usd', {
      intervalSeconds: 5,
      sources: [{ sourceId: DERIBIT }, { sourceId: COINGECKO }],
    });
    const eur = await tickerOf('btc_eur', { intervalSeconds: 5 });
    await nameAtCoingecko(odd, 'odd-coin');
    for (let slot = NOON; slot < NOON + 60; slot += 1)
      await sampled(slot, 'btc_usd', accepted(btc, `90000.${slot % 10}0`));
    for (let slot = NOON; slot < NOON + 60; slot += 5) {
      await sampled(slot, 'odd_usd', accepted(odd, '0.00000000000000000000120'));
      await sampled(slot, 'odd_usd', accepted(odd, '0.0000000000000000000012'), COINGECKO);
      await sampled(slot, 'btc_eur', accepted(eur, '80000'));
    }
    await runFrom(NOON);
    const lines = await linesOf(NOON);
    expect(lines[0]).toBe(HEADER);
    expect(lines).toHaveLength(1 + 60 + 12 * 2);
    expect(lines.slice(1, 6)).toEqual([
      '2025-03-01T12:00:00Z,deribit,bitcoin,90000.00,200,312,1',
      '2025-03-01T12:00:00Z,coingecko,odd-coin,0.0000000000000000000012,200,312,1',
      '2025-03-01T12:00:00Z,deribit,odd-coin,0.00000000000000000000120,200,312,1',
      '2025-03-01T12:00:01Z,deribit,bitcoin,90000.10,200,312,1',
      '2025-03-01T12:00:02Z,deribit,bitcoin,90000.20,200,312,1',
    ]);
    expect(lines.at(-1)).toBe('2025-03-01T12:00:59Z,deribit,bitcoin,90000.90,200,312,1');
  });

  it('says the call of each sample: another attempt, another call of the same fetch, one that failed, and none', async () => {
    const ids = Object.fromEntries(
      await Promise.all(
        ['a', 'b', 'c', 'd', 'e', 'f'].map(
          async (base) => [base, await tickerOf(`${base}_usd`, { batch: base })] as const,
        ),
      ),
    ) as Record<string, number>;
    const id = (base: string): number => ids[base] ?? 0;
    const failed = (base: string, reason: Sample['reason'], call?: Sample['call']): Sample => ({
      ...{ tickerId: id(base), outcome: 'failed', reason },
      ...(call === undefined ? {} : { call }),
    });
    // The second attempt was answered.
    await attempted('a', 1, { httpStatus: 503, latencyMs: 5 });
    await sampled(NOON, 'a', accepted(id('a'), '1'), DERIBIT, { attempts: 2 });
    // The symbol was refused in a call of its own, the third; the last call was for others.
    await attempted('b', 3, {
      httpStatus: 404,
      latencyMs: 7,
      errorKind: 'not_found',
      requestedAtMs: NOON * 1000 + 900,
    });
    const alone = { requestedAt: new Date(NOON * 1000 + 900) };
    await sampled(NOON, 'b', failed('b', 'not_found', alone), DERIBIT, { attempts: 4 });
    // The window was over before a second attempt.
    await attempted('c', 1, { httpStatus: 500, latencyMs: 9, errorKind: 'unavailable' });
    await sampled(NOON, 'c', failed('c', 'unavailable', {}), DERIBIT, { attempts: 1, status: 'closed' });
    // Left out of a call, since it is known to be refused.
    await attempted('d', 1, { httpStatus: 404, latencyMs: 11, errorKind: 'not_found' });
    await sampled(NOON, 'd', failed('d', 'not_found', {}), DERIBIT, { attempts: 2 });
    // Nobody was called.
    await sampled(NOON, 'e', { tickerId: id('e'), outcome: 'missed', reason: 'paused', call: {} }, DERIBIT, {
      status: 'closed',
    });
    await sampled(NOON, 'f', { tickerId: id('f'), outcome: 'rejected', reason: 'stale', raw: '1' });
    await runFrom(NOON);
    expect((await linesOf(NOON)).slice(1)).toEqual([
      '2025-03-01T12:00:00Z,deribit,a,1,200,312,2',
      '2025-03-01T12:00:00Z,deribit,b,,404,7,3',
      '2025-03-01T12:00:00Z,deribit,c,,500,9,1',
      '2025-03-01T12:00:00Z,deribit,d,,,,',
      '2025-03-01T12:00:00Z,deribit,e,,,,',
      '2025-03-01T12:00:00Z,deribit,f,,200,312,1',
    ]);
  });

  it('begins with the minute of now, and waits until it is over', async () => {
    const before = Math.floor(Date.now() / 60_000) * 60;
    await aTask().run(NEVER);
    const { written_to: mark } = await progress();
    expect([before, before + 60]).toContain(mark);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['is not planned', { plannedTo: NOON + 59 }, []],
    ['has a fetch without outcome', {}, [{ sourceId: DERIBIT, batch: 'btc_usd', slot: NOON + 59, status: 'retry' }]],
  ])('writes nothing of a minute of which a slot %s, and says so', async (_, draft, fetches) => {
    const id = await tickerOf('btc_usd', { intervalSeconds: 1, ...draft });
    await sampled(NOON, 'btc_usd', accepted(id, '1'));
    for (const fetch of fetches) await insertFetch(database.pool, fetch);
    await expect(runFrom(NOON)).rejects.toThrow(
      /^2025-03-01T12:00:00Z: some slot of this minute is not decided \d+ s after/,
    );
    expect(await progress()).toEqual({ written_to: NOON });
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes minutes that were missed oldest first, some in each run, and no file for one without a sample', async () => {
    const id = await tickerOf('btc_usd');
    for (const minute of [0, 1, 59, 60, 61])
      await sampled(NOON + minute * 60, 'btc_usd', accepted(id, `${minute + 1}`));
    const { log } = await runFrom(NOON);
    expect(await progress()).toEqual({ written_to: NOON + 3_600 });
    expect(await filesOf()).toEqual(['prices-1200.csv', 'prices-1201.csv', 'prices-1259.csv']);
    expect(log.of('snapshots_caught_up')).toMatchObject([{ minutes: 60 }]);
    await aTask().run(NEVER);
    expect(await filesOf()).toEqual(['1200', '1201', '1259', '1300', '1301'].map((clock) => `prices-${clock}.csv`));
  });

  it('stops between two minutes when the process ends', async () => {
    await tickerOf('btc_usd');
    await setProgress(NOON);
    await aTask().run(AbortSignal.abort());
    expect(await progress()).toEqual({ written_to: NOON });
  });

  it('writes the same minute again after a process that died between the file and the mark', async () => {
    const id = await tickerOf('btc_usd');
    await sampled(NOON, 'btc_usd', accepted(id, '1.10'));
    await setProgress(NOON);
    const dying = new SnapshotRepository(database.pool, ASSETS).next(async ({ minute, samples: given }) => {
      const [one] = given;
      const row = { timestampUtc: '2025-03-01T12:00:00Z', source: one?.source ?? '', asset: one?.asset ?? '' };
      await writeMinute({
        folder,
        minute,
        rows: [{ ...row, priceUsd: '1.10', httpStatus: 200, latencyMs: 312, attempt: 1 }],
      });
      throw new Error('killed');
    });
    await expect(dying).rejects.toThrow('killed');
    const before = await linesOf(NOON);
    expect(await progress()).toEqual({ written_to: NOON });
    await aTask().run(NEVER);
    expect(await linesOf(NOON)).toEqual(before);
    expect(await filesOf()).toEqual(['prices-1200.csv']);
  });

  it('writes each minute once with two tasks at once', async () => {
    const id = await tickerOf('btc_usd');
    for (let minute = 0; minute < 40; minute += 1)
      await sampled(NOON + minute * 60, 'btc_usd', accepted(id, `${minute + 1}`));
    await setProgress(NOON);
    const handed: number[] = [];
    const tasks = [1, 2].map(() => aTask(database.openPool(), (minute) => handed.push(minute)));
    for (let run = 0; run < 50 && (await progress()).written_to < NOON + 2_400; run += 1)
      await Promise.all(tasks.map((task) => task.run(NEVER)));
    expect(handed.filter((minute) => minute < NOON + 2_400)).toEqual(
      Array.from({ length: 40 }, (_, minute) => NOON + minute * 60),
    );
    expect(await filesOf()).toHaveLength(40);
  });

  it('fails with setting, folder and reason where the folder takes nothing, skips nothing, and goes on when it does', async () => {
    const id = await tickerOf('btc_usd');
    await sampled(NOON, 'btc_usd', accepted(id, '1'));
    await writeFile(path.join(folder, '2025'), 'in the way');
    await expect(runFrom(NOON)).rejects.toThrow(
      `SNAPSHOT_DIR: 2025-03-01T12:00:00Z cannot be written to the folder ${folder}, and no later minute is before it (ENOTDIR`,
    );
    expect(await progress()).toEqual({ written_to: NOON });
    await rm(path.join(folder, '2025'));
    await aTask().run(NEVER);
    expect(await filesOf()).toEqual(['prices-1200.csv']);
  });

  it('writes nothing without a folder, and nothing while its clock is wrong', async () => {
    await setProgress(NOON);
    await aTask(database.pool, undefined, { folder: undefined }).run(NEVER);
    await expect(aTask(database.pool, undefined, { clockOffsetMs: 60_000 }).run(NEVER)).rejects.toThrow('60000 ms off');
    expect(await progress()).toEqual({ written_to: NOON });
  });
});

interface Surroundings {
  readonly folder?: string | undefined;
  readonly clockOffsetMs?: number;
}

/** The task. @param onMinute told of each minute that it is handed. */
function aTask(
  pool = database.pool,
  onMinute: (minute: number) => void = () => undefined,
  surroundings: Surroundings = { folder },
  log = createLogBook(),
) {
  const repository = new SnapshotRepository(pool, ASSETS);
  const next: SnapshotRepository['next'] = (write) =>
    repository.next(async (minute) => {
      onMinute(minute.minute);
      await write(minute);
    });
  const snapshots = { begin: () => repository.begin(), next } as SnapshotRepository;
  const clock = new ClockWatch(async () => Date.now() + (surroundings.clockOffsetMs ?? 0));
  const task = writeSnapshots({
    ...{ snapshots, clock, logger: log.logger },
    snapshotFolder: 'folder' in surroundings ? surroundings.folder : folder,
  });
  return {
    run: async (signal: AbortSignal) => {
      await clock.measure();
      await task.run(signal);
    },
  };
}

async function runFrom(minute: number) {
  await setProgress(minute);
  const log = createLogBook();
  await aTask(database.pool, undefined, { folder }, log).run(NEVER);
  return { log };
}

async function setProgress(minute: number): Promise<void> {
  await database.pool.query('INSERT INTO snapshot_progress (written_to) VALUES ($1)', [minute]);
}

function progress(): Promise<{ written_to: number }> {
  return rowOf(database.pool, 'SELECT written_to FROM snapshot_progress');
}

/** A ticker that is planned for hours. */
async function tickerOf(
  ticker: string,
  draft: Partial<Parameters<typeof insertSchedule>[1]> & { readonly batch?: string } = {},
): Promise<number> {
  const sources = draft.sources ?? [{ sourceId: DERIBIT, batch: draft.batch ?? ticker }];
  const made = await insertSchedule(database.pool, { ticker, plannedTo: NOON + 40_000, ...draft, sources });
  return made.tickerId;
}

async function nameAtCoingecko(tickerId: number, id: string): Promise<void> {
  await database.pool.query(
    `UPDATE ticker_sources ts SET source_symbol = $2 FROM schedules s WHERE s.id = ts.schedule_id AND s.ticker_id = $1 AND ts.source_id = $3`,
    [tickerId, id, COINGECKO],
  );
}

interface Fetched {
  readonly attempts?: number;
  readonly status?: 'answered' | 'closed';
}

/** A fetch of one ticker that has its outcome. */
async function sampled(
  slot: number,
  batch: string,
  sample: Sample,
  sourceId = DERIBIT,
  { attempts = 1, status = 'answered' }: Fetched = {},
): Promise<void> {
  await insertFetch(database.pool, { sourceId, batch, slot, attempts, maxAttempts: 9, status: 'running' });
  const result = {
    ...{ status, requestedAt: new Date(slot * 1000 + 100), receivedAt: new Date(slot * 1000 + 412) },
    ...(status === 'answered' ? { httpStatus: 200, latencyMs: 312 } : {}),
  };
  await storeSamples(samples, sample, { sourceId, batch, slot, result });
}

async function attempted(
  batch: string,
  attempt: number,
  call: { httpStatus: number; latencyMs: number; errorKind?: string; requestedAtMs?: number },
): Promise<void> {
  const requestedAt = new Date(call.requestedAtMs ?? NOON * 1000 + 20);
  await new AttemptRepository(database.pool).record([
    { sourceId: DERIBIT, batch, slot: NOON, attempt, errorKind: 'unavailable', ...call, requestedAt },
  ]);
}

/** The lines of the file of a minute. */
async function linesOf(minute: number): Promise<string[]> {
  const clock = new Date(minute * 1000).toISOString().slice(11, 16).replace(':', '');
  const text = await readFile(path.join(folder, '2025', '03', '01', `prices-${clock}.csv`), 'utf8');
  return text.trimEnd().split('\n');
}

async function filesOf(): Promise<string[]> {
  return (await readdir(path.join(folder, '2025', '03', '01'))).sort();
}
