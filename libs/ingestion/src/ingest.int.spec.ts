import { jest } from '@jest/globals';
import { randomInt } from 'node:crypto';
import type { RawRecord, ReadRecord } from '@app/domain';
import { IngestionRepository, RunLockLostError, RunReplacedError } from '@app/storage';
import type pg from 'pg';
import { DeafPool, DyingPool } from '../../../test/support/dying-pool.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest, RunFailedError, type IngestOptions } from './ingest.js';
import { inOrder, type RecordList } from './record-list.js';

const SOURCE = 'coingecko';
const MINUTE = Date.parse('2026-03-01T12:00:00Z');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query(
    'TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, assets, asset_values, etl_quarantine RESTART IDENTITY',
  );
});

/** Records of coins 0 to count, in pages, each page in an order of its own. */
function listOf(count: number, { pageSize = count, price = '1.50', bad = new Set<number>() } = {}): RecordList {
  const pages = Math.ceil(count / pageSize);
  const nameOf = (index: number): string => `coin-${String(index).padStart(5, '0')}`;
  return {
    source: SOURCE,
    firstPage: '1',
    fetchPage: (page) => {
      const number = Number(page);
      const from = (number - 1) * pageSize;
      const records = Array.from({ length: Math.min(pageSize, count - from) }, (_, index) => ({
        id: nameOf(from + index),
        place: `row ${index + 1} of page ${page}`,
        payload: `{"n":${from + index},"price":${price}}`,
      }));
      records.sort(() => randomInt(3) - 1);
      const nextPage = number < pages ? String(number + 1) : null;
      return Promise.resolve({ page, nextPage, fetchedAt: new Date(MINUTE), records: inOrder(records) });
    },
    read: (record: RawRecord): ReadRecord => {
      const { n } = JSON.parse(record.payload) as { n: number };
      if (bad.has(n)) return { ...record, fault: 'field price: expected a number, found nothing' };
      return {
        ...record,
        asset: { assetId: record.id, symbol: `c${n}`, name: `Coin ${n}`, priceUsd: price, updatedAt: new Date(MINUTE) },
      };
    },
  };
}

/** A list whose first page does not come before it is let. */
function slowList(count: number): {
  readonly list: RecordList;
  readonly begun: Promise<void>;
  readonly goOn: () => void;
} {
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const list = listOf(count);
  return {
    begun: begun.promise,
    goOn: goOn.resolve,
    list: {
      ...list,
      fetchPage: async (page, signal) => {
        begun.resolve();
        await goOn.promise;
        return list.fetchPage(page, signal);
      },
    },
  };
}

const LOCKS = `pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND a.datname = current_database()`;

/** What Postgres does when it is restarted, or hears nothing of a process for too long. */
async function endLockSession(): Promise<void> {
  await database.pool.query(`SELECT pg_terminate_backend(pid) FROM ${LOCKS}`);
}

/** Waits until Postgres has noticed that whoever held the lock is gone. */
async function whenFree(): Promise<void> {
  for (let isHeld = true; isHeld;) isHeld = (await database.pool.query(`SELECT 1 FROM ${LOCKS}`)).rowCount !== 0;
}

function optionsOf(more: Partial<IngestOptions> = {}): IngestOptions {
  return {
    runs: new IngestionRepository(database.pool),
    ...{ batchSize: 7, maxBadShare: 0.1, signal: new AbortController().signal },
    ...more,
  };
}

/** What the tables say in the end, without the numbers of runs and the times at which it came. */
async function tables(): Promise<unknown> {
  const { rows } = await database.pool.query<{ all: unknown }>(`
    SELECT json_build_object(
      'assets', (SELECT json_agg(a ORDER BY asset_id) FROM assets a),
      'values', (SELECT json_agg(v ORDER BY asset_id, updated_at) FROM asset_values v),
      'raw', (SELECT json_agg(json_build_array(record_id, content_hash, payload) ORDER BY record_id) FROM raw_records),
      'records', (SELECT json_agg(json_build_array(record_id, content_hash) ORDER BY record_id) FROM etl_records),
      'quarantine', (SELECT json_agg(json_build_array(record_id, place, reason, payload) ORDER BY record_id) FROM etl_quarantine),
      'pages', (SELECT count(*) FROM etl_pages),
      'checkpoint', (SELECT json_build_array(status, last_processed_id, page_records, next_page) FROM etl_checkpoints)) AS all`);
  return rows[0]?.all;
}

async function runs(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `SELECT status, pages, records_processed AS processed, records_written AS written, records_unchanged AS unchanged,
            records_quarantined AS quarantined, error FROM etl_runs ORDER BY run_id`,
  );
  return rows;
}

describe('a run over a list', () => {
  it('stores each record once, and the second time only what has changed', async () => {
    expect(await ingest(listOf(30, { pageSize: 12 }), optionsOf())).toMatchObject({
      ...{ processed: 30, written: 30, unchanged: 0, quarantined: 0, pages: 3, lastProcessedId: 'coin-00029' },
    });
    const first = await tables();
    expect(await ingest(listOf(30, { pageSize: 12 }), optionsOf())).toMatchObject({ written: 0, unchanged: 30 });
    expect(await tables()).toEqual(first);
    expect(await ingest(listOf(30, { pageSize: 12, price: '1.51' }), optionsOf())).toMatchObject({ written: 30 });
    const { rows } = await database.pool.query(`SELECT count(*)::int AS raw FROM raw_coingecko`);
    expect(rows).toEqual([{ raw: 60 }]);
  });

  it('stops after exactly as many records as it is asked to, and the next one goes on with the one after', async () => {
    await expect(ingest(listOf(30), optionsOf({ failAfterRecords: 10, batchSize: 250 }))).rejects.toMatchObject({
      ...{ name: RunFailedError.name, message: 'stopped after 10 records, as FAIL_AFTER_N_RECORDS asks' },
      outcome: { processed: 10, lastProcessedId: 'coin-00009' },
    });
    const { rows } = await database.pool.query(`SELECT status, last_processed_id AS last FROM etl_checkpoints`);
    expect(rows).toEqual([{ status: 'failed', last: 'coin-00009' }]);
    const seen: string[] = [];
    const list = listOf(30);
    const watched = { ...list, read: (record: RawRecord) => (seen.push(record.id), list.read(record)) };
    expect(await ingest(watched, optionsOf())).toMatchObject({ processed: 20, written: 20, pages: 0 });
    expect(seen[0]).toBe('coin-00010');
    expect(await runs()).toMatchObject([
      { status: 'failed', processed: 10, error: 'stopped after 10 records, as FAIL_AFTER_N_RECORDS asks' },
      { status: 'completed', processed: 20, error: null },
    ]);
  });

  it('puts into quarantine what cannot be read, goes on, and fails when it is too much', async () => {
    expect(await ingest(listOf(30, { bad: new Set([3, 20]) }), optionsOf())).toMatchObject({
      written: 28,
      quarantined: 2,
    });
    const { rows } = await database.pool.query(`SELECT record_id AS id, place, reason FROM etl_quarantine ORDER BY 1`);
    expect(rows).toEqual([
      { id: 'coin-00003', place: 'row 4 of page 1', reason: 'field price: expected a number, found nothing' },
      { id: 'coin-00020', place: 'row 21 of page 1', reason: 'field price: expected a number, found nothing' },
    ]);
    const most = new Set(Array.from({ length: 40 }, (_, index) => index).filter((index) => index % 3 === 0));
    await expect(ingest(listOf(40, { bad: most }), optionsOf())).rejects.toThrow(/^14 of 40 records cannot be read/);
  });

  it.each([40, 3])(
    'never comes to the end of a list of %i of which nothing can be read, however often it runs',
    async (records) => {
      const bad = new Set(Array.from({ length: records }, (_, index) => index));
      for (let run = 0; run < 3; run += 1)
        await expect(ingest(listOf(records, { bad }), optionsOf())).rejects.toThrow(
          `${records} of ${records} records cannot be read`,
        );
      expect(await ingest(listOf(records), optionsOf())).toMatchObject({ written: records, quarantined: 0 });
    },
  );

  it('reads a record again that could not be read, when it can: by another layout, policy or clock', async () => {
    const list = listOf(30);
    const unread: RecordList = {
      ...list,
      read: (record) => (record.id === 'coin-00003' ? { ...record, fault: 'is in the future' } : list.read(record)),
    };
    expect(await ingest(unread, optionsOf())).toMatchObject({ written: 29, quarantined: 1 });
    expect(await ingest(unread, optionsOf())).toMatchObject({ written: 0, unchanged: 29, quarantined: 1 });
    expect(await ingest(list, optionsOf())).toMatchObject({ written: 1, unchanged: 29, quarantined: 0 });
    expect((await database.pool.query('SELECT 1 FROM etl_quarantine')).rowCount).toBe(0);
  });

  it('is refused while another is under way, and tells which one', async () => {
    const { list, goOn, begun } = slowList(30);
    const first = ingest(list, optionsOf());
    await begun;
    const runs = new IngestionRepository(database.openPool());
    await expect(ingest(listOf(30), optionsOf({ runs }))).rejects.toThrow(
      /^Another process reads the list of coingecko now: run 1, begun at .*Z\. Another run can begin when it has ended, or its process is gone\.$/,
    );
    goOn();
    expect(await first).toMatchObject({ processed: 30 });
  });

  it('is due when its interval is over, unless a process is at it', async () => {
    const repository = new IngestionRepository(database.pool);
    const due = async () => repository.due(new Map([[SOURCE, 0]]));
    expect(await due()).toEqual([{ source: SOURCE, after: 0 }]);
    const { list, goOn, begun } = slowList(30);
    const first = ingest(list, optionsOf());
    await begun;
    expect(await due()).toEqual([]);
    await endLockSession();
    await whenFree();
    expect(await due()).toEqual([{ source: SOURCE, after: 1 }]);
    goOn();
    await expect(first).rejects.toThrow('the connection that held the lock of coingecko broke');
    expect(await due()).toEqual([{ source: SOURCE, after: 1 }]);
    expect(await repository.due(new Map([[SOURCE, 60]]))).toEqual([]);
    expect(await repository.isReadSince(SOURCE, 0)).toBe(false);
    await ingest(listOf(30), optionsOf());
    expect([await repository.isReadSince(SOURCE, 0), await repository.isReadSince(SOURCE, 2)]).toEqual([true, false]);
  });

  it('ends when the connection of its lock breaks, and the next one goes on where it was', async () => {
    let seen = 0;
    const onProgress = async (): Promise<void> => {
      seen += 1;
      if (seen === 2) await endLockSession();
    };
    const list = listOf(30);
    const run = ingest(list, optionsOf({ batchSize: 1, onProgress: () => void onProgress() }));
    await expect(run).rejects.toMatchObject({ name: RunFailedError.name, cause: { name: RunLockLostError.name } });
    await whenFree();
    const left = 30 - ((await runs()) as { processed: number }[]).reduce((sum, { processed }) => sum + processed, 0);
    expect(left).toBeLessThan(30);
    expect(await ingest(list, optionsOf())).toMatchObject({ processed: left, written: left });
  });

  it('whose lock another has meanwhile ends without harm when it comes back', async () => {
    const { list, goOn, begun } = slowList(30);
    const runs1 = new IngestionRepository(new DeafPool(database.openPool()) as unknown as pg.Pool);
    const first = ingest(list, optionsOf({ runs: runs1 }));
    await begun;
    await endLockSession();
    await whenFree();
    expect(await ingest(listOf(30), optionsOf())).toMatchObject({ processed: 30, written: 30 });
    goOn();
    await expect(first).rejects.toThrow(RunReplacedError);
    expect(await runs()).toMatchObject([{ status: 'failed', error: 'its process was gone' }, { status: 'completed' }]);
  });

  it('of two that begin at once runs once', async () => {
    const [one, two] = await Promise.allSettled([ingest(listOf(30), optionsOf()), ingest(listOf(30), optionsOf())]);
    expect([one.status, two.status].toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('that is told to end stops between two batches', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('the process ends'));
    await expect(ingest(listOf(30), optionsOf({ signal: controller.signal, onProgress }))).rejects.toThrow(
      'the process ends',
    );
    expect(await ingest(listOf(30), optionsOf())).toMatchObject({ processed: 23 });
  });
});

describe('a process that is killed', () => {
  // Every so many statements, and others in every run of the tests: real processes are killed by test/killed-runs.system.spec.ts.
  it.each([
    [1, 12],
    [7, 4],
    [250, 3],
  ])('between any two statements loses and doubles nothing, with batches of %i', async (batchSize, step) => {
    const list = (): RecordList => listOf(24, { pageSize: 10, bad: new Set([5]) });
    await ingest(list(), optionsOf({ batchSize }));
    const expected = await tables();
    let statements = 1 + (Math.abs(jest.getSeed()) % step);
    for (let isKilled = true; isKilled; statements += step) {
      await database.pool.query(
        'TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, assets, asset_values, etl_quarantine',
      );
      const dying = new DyingPool(database.openPool(), statements);
      const runs = new IngestionRepository(dying as unknown as pg.Pool);
      isKilled = await ingest(list(), optionsOf({ batchSize, runs })).then(
        () => false,
        () => true,
      );
      dying.kill();
      await whenFree();
      await ingest(list(), optionsOf({ batchSize }));
      // One that was killed after its page is over has the list read anew, in which nothing has changed.
      expect(await tables()).toEqual(expected);
    }
    expect(statements).toBeGreaterThan(20);
  });
});
