import { SourceClient } from '@app/sources';
import { CallBudget, IngestionRepository, SourceStateRepository } from '@app/storage';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerHandler,
  type AnswerServer,
} from '../../sources/src/testing/answer-server.contract.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { ingest, type IngestOutcome } from './ingest.js';
import { openList, type TakeCall } from './open-list.js';
import type { Wait } from './page-calls.js';

const COINGECKO = 2;

let database: TestDatabase;
let server: AnswerServer;
let client: SourceClient;
let waits: Wait[];
let calls: string[];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query(
    'TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, source_states RESTART IDENTITY CASCADE',
  );
  server = await startAnswerServer();
  client = new SourceClient({ access: { coingecko: { baseUrl: server.url } }, now: Date.now });
  [waits, calls] = [[], []];
});
afterEach(async () => {
  client.close();
  await server.close();
});

/** A full first page, and a last one of one coin. */
const pages: AnswerHandler = (request, response) => {
  const page = Number(new URL(request.url ?? '', server.url).searchParams.get('page'));
  const coins = Array.from({ length: page === 1 ? 250 : 1 }, (_, index) => coinOf(`${page}-${index}`));
  plainAnswer(200, JSON.stringify(coins))(request, response);
};

function coinOf(id: string) {
  return {
    id,
    symbol: id,
    name: id,
    current_price: 1.5,
    market_cap: 2,
    total_volume: 3,
    last_updated: '2026-03-01T12:00:00Z',
  };
}

/** These answers one after the other, for the second page; then those of the list. */
function answerSecondPage(...answers: readonly AnswerHandler[]): void {
  const left = [...answers];
  server.answerWith((request, response) => {
    const answer = /[?&]page=2\b/.test(request.url ?? '') ? left.shift() : undefined;
    (answer ?? pages)(request, response);
  });
}

async function run({
  maxWaitMs,
  takeCall,
  signal = new AbortController().signal,
}: { maxWaitMs?: number; takeCall?: TakeCall; signal?: AbortSignal } = {}): Promise<IngestOutcome> {
  const list = await openList('coingecko', {
    ...{ client, driftPolicy: 'reject', csvFolder: undefined, pages: { coingecko: 2 }, takeCall },
    ...{ states: new SourceStateRepository(database.pool), now: Date.now, random: () => 0.01, maxWaitMs },
    onWait: (wait) => waits.push(wait),
    onCall: (source, outcome) => calls.push(`${source} ${outcome}`),
  });
  return ingest(list, { runs: new IngestionRepository(database.pool), batchSize: 250, signal });
}

async function state() {
  return new SourceStateRepository(database.pool).of(COINGECKO);
}

it('waits in the middle of a list for as long as the source asks, says so, and goes on', async () => {
  answerSecondPage(plainAnswer(429, '{}', { 'retry-after': '1' }));
  const startedMs = performance.now();
  expect(await run()).toMatchObject({ processed: 251, written: 251, pages: 2 });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(950);
  expect(waits).toMatchObject([{ source: 'coingecko', why: 'since it asked to be left alone' }]);
  expect(calls).toEqual(['coingecko answered', 'coingecko rate_limited', 'coingecko answered']);
});

it('tells the calls for prices what its own came to', async () => {
  answerSecondPage(plainAnswer(429, '{}', { 'retry-after': '600' }));
  await expect(run()).rejects.toThrow(/^coingecko: HTTP 429/);
  expect((await state())?.pausedUntilMs).toBeGreaterThan(Date.now() + 590_000);
  expect(waits).toEqual([]);
  // And the next run does not even ask.
  await expect(run()).rejects.toThrow(/^coingecko: is not asked for the next \d+ s, since it asked to be left alone$/);
  expect(server.requests).toHaveLength(2);
});

it('goes on after failures that pass', async () => {
  answerSecondPage(plainAnswer(503, ''), plainAnswer(200, '[{"id"'), plainAnswer(502, ''));
  expect(await run()).toMatchObject({ processed: 251, pages: 2 });
  expect(waits.map(({ why }) => why)).toMatchObject(
    [/HTTP 503/, /./, /HTTP 502/].map((words) => expect.stringMatching(words)),
  );
  // That a list fails says nothing of prices.
  expect((await state())?.failures ?? 0).toBe(0);
});

it('fails by what stays bad, and the next run goes on at that page', async () => {
  answerSecondPage(...Array.from({ length: 5 }, () => plainAnswer(503, '')));
  await expect(run()).rejects.toMatchObject({
    message: expect.stringContaining('HTTP 503') as string,
    outcome: { processed: 250 },
  });
  expect((await state())?.failures ?? 0).toBe(0);
  expect(await run()).toMatchObject({ processed: 1, pages: 1 });
  expect(server.requests.filter((request) => request.includes('&page=1'))).toHaveLength(1);
});

it('waits for the end of a pause that a call for prices was asked for', async () => {
  server.answerWith(pages);
  await database.pool.query(
    `INSERT INTO source_states (source_id, paused_until) VALUES ($1, clock_timestamp() + interval '0.5 s')`,
    [COINGECKO],
  );
  expect(await run()).toMatchObject({ processed: 251 });
  expect(waits).toMatchObject([{ why: 'since it asked to be left alone' }]);
});

it('asks nobody whose circuit is open, and is the one call that looks when it is half-open', async () => {
  server.answerWith(pages);
  await database.pool.query(
    `INSERT INTO source_states (source_id, failures, circuit_openings, circuit_open_until, circuit_reason)
     VALUES ($1, 5, 1, clock_timestamp() + interval '1 hour', 'unavailable')`,
    [COINGECKO],
  );
  await expect(run()).rejects.toThrow(/^coingecko: is not asked for the next 3\d{3} s, since its circuit is open$/);
  expect(server.requests).toEqual([]);
  await database.pool.query('UPDATE source_states SET circuit_open_until = clock_timestamp()');
  expect(await run()).toMatchObject({ processed: 251 });
  expect(await state()).toMatchObject({ failures: 0, circuitOpenUntilMs: undefined, probingUntilMs: undefined });
});

it('leaves the look at a half-open circuit to the call that has begun it', async () => {
  server.answerWith(pages);
  await database.pool.query(
    `INSERT INTO source_states (source_id, failures, circuit_openings, circuit_open_until, circuit_reason, probing_until)
     VALUES ($1, 5, 1, clock_timestamp(), 'unavailable', clock_timestamp() + interval '1 hour')`,
    [COINGECKO],
  );
  await expect(run({ maxWaitMs: 100 })).rejects.toThrow('while another call looks whether it is there again');
  expect(server.requests).toEqual([]);
});

it('says nothing bad of a source whose list alone has changed', async () => {
  server.answerWith(plainAnswer(200, '{"coins":[]}'));
  await expect(run()).rejects.toThrow('coingecko: the answer: expected a value of type array, found an object');
  expect(await state()).toBeUndefined();
});

it('leaves half of the limit to prices', async () => {
  server.answerWith(pages);
  const budget = new CallBudget(database.pool);
  const limit = { share: 4, perSeconds: 2 };
  const nowMs = Date.now();
  await budget.take({ sourceId: COINGECKO, cost: 2, nowMs, limit });
  const takeCall: TakeCall = ({ id }, cost, at, keptFree) =>
    budget.take({ sourceId: id, cost, nowMs: at, limit, keptFree });
  expect(await run({ takeCall })).toMatchObject({ processed: 251 });
  // Once or twice: on a slow machine the limit has room again by the second page.
  expect(new Set(waits.map(({ why }) => why))).toEqual(new Set(['for room under its limit']));
  // A call for prices finds room at once.
  expect(await budget.take({ sourceId: COINGECKO, cost: 2, nowMs: Date.now(), limit })).toEqual({ kind: 'granted' });
});

it('ends a wait at once when the process ends', async () => {
  const controller = new AbortController();
  answerSecondPage(plainAnswer(429, '{}', { 'retry-after': '60' }));
  const running = run({ signal: controller.signal });
  while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  controller.abort();
  await expect(running).rejects.toThrow('the process was told to end');
  const { rows } = await database.pool.query('SELECT status, error FROM etl_runs');
  expect(rows).toEqual([{ status: 'failed', error: 'the process was told to end' }]);
});
