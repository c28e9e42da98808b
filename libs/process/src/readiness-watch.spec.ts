import { jest } from '@jest/globals';
import { createLogBook, type LogBook } from '../../../test/support/log-lines.js';
import { ClockWatch } from './clock-watch.js';
import { PROCESS_FINDINGS } from './readiness-findings.js';
import {
  ANSWER_WITHIN_MS,
  databaseCheck,
  LOOK_EVERY_MS,
  ReadinessWatch,
  type ReadinessCheck,
} from './readiness-watch.js';

/** Levels of pino. */
const [INFO, WARN] = [30, 40];

const NOW_MS = 1_766_000_000_000;

/** A thing outside whose answers a test sets. */
class Outside implements ReadinessCheck {
  asked = 0;
  answer: () => Promise<string | undefined> = async () => undefined;

  constructor(readonly name: string) {}

  ask(): Promise<string | undefined> {
    this.asked += 1;
    return this.answer();
  }
}

describe('the watch over what a process needs', () => {
  let database: Outside;
  let queue: Outside;
  let clockOffMs: number;
  let clock: ClockWatch;
  let book: LogBook;
  let watch: ReadinessWatch;

  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    [database, queue] = [new Outside('the database'), new Outside('the queue store')];
    clockOffMs = 0;
    clock = new ClockWatch(
      async () => NOW_MS - clockOffMs,
      () => NOW_MS,
    );
    await clock.measure();
    book = createLogBook();
    watch = new ReadinessWatch({ checks: [database, queue], clock, logger: book.logger });
  });
  afterEach(async () => {
    const stopped = watch.stop();
    await jest.advanceTimersByTimeAsync(100_000);
    await stopped;
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  /** An answer that comes so late. */
  const after = (ms: number, reason?: string) => (): Promise<string | undefined> =>
    new Promise((resolve) => setTimeout(() => resolve(reason), ms));

  it('is not ready before everything was asked', async () => {
    queue.answer = after(500);
    expect(watch.reasons()).toEqual(['the database has not been asked yet', 'the queue store has not been asked yet']);
    watch.start();
    await pass(100);
    expect(watch.reasons()).toEqual(['the queue store has not been asked yet']);
    await pass(500);
    expect(watch.reasons()).toEqual([]);
  });

  it('asks once a second, however often it is asked itself', async () => {
    watch.start();
    for (let ms = 0; ms < 10_000; ms += 10) {
      watch.reasons();
      await pass(10);
    }
    expect(database.asked).toBeGreaterThanOrEqual(9);
    expect(database.asked).toBeLessThanOrEqual(11);
  });

  it('tells the reason in words, and the error of a question that failed', async () => {
    database.answer = async () => 'the database has no schema: run migrate';
    queue.answer = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379'));
    watch.start();
    await pass(1);
    expect(watch.reasons()).toEqual([
      'the database has no schema: run migrate',
      'the queue store cannot be asked: connect ECONNREFUSED 127.0.0.1:6379',
    ]);
  });

  it('tells the causes of an error that has no words of its own', async () => {
    const causes = [new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')];
    database.answer = () => Promise.reject(new AggregateError(causes));
    watch.start();
    await pass(1);
    expect(watch.reasons()).toEqual([
      'the database cannot be asked: connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432',
    ]);
  });

  it.each([
    ['refuses', () => Promise.reject(new Error('refused'))],
    // As a client whose own limits come late.
    ['is silent', after(1_900, 'gave up')],
    ['is silent for nearly two limits', after(2 * ANSWER_WITHIN_MS - 10, 'gave up')],
  ])('is wrong for less than 5 s either way when what it needs %s', async (_how, gone) => {
    watch.start();
    // At the worst moment: just after a look.
    await pass(10);
    expect(watch.reasons()).toEqual([]);
    queue.answer = gone;
    await pass(4_900);
    expect(watch.reasons()).toHaveLength(1);
    await pass(60_000);
    expect(watch.reasons()).toHaveLength(1);
    queue.answer = async () => undefined;
    await pass(4_000);
    expect(watch.reasons()).toEqual([]);
  });

  it.each([
    // Five statements of 1.25 s each.
    ['after several limits', 6_200],
    ['long after', 60_000],
  ])('is unready within 5 s when the answer comes %s, while the question still runs', async (_when, ms) => {
    watch.start();
    await pass(10);
    queue.answer = after(ms);
    await pass(4_900);
    expect(watch.reasons()).toEqual(['the queue store did not answer within 1.5 s']);
    expect(queue.asked).toBe(2);
  });

  it('one question that is late makes nothing unready when the next is answered', async () => {
    watch.start();
    await pass(10);
    const answers = [after(2 * ANSWER_WITHIN_MS - 10), after(400)];
    queue.answer = () => answers.shift()?.() ?? Promise.resolve(undefined);
    await pass(10_000);
    expect(answers).toEqual([]);
    expect(book.of('not_ready')).toEqual([]);
  });

  it('one that is silent hides no other, and is not asked again before its question has ended', async () => {
    database.answer = after(60_000);
    watch.start();
    await pass(30_000);
    expect(database.asked).toBe(1);
    expect(watch.reasons()).toEqual(['the database did not answer within 1.5 s']);
    expect(queue.asked).toBeGreaterThan(25);
    queue.answer = async () => 'the queue store is full';
    await pass(2 * LOOK_EVERY_MS);
    expect(watch.reasons()).toContain('the queue store is full');
  });

  it('one question that failed makes nothing unready, the second in a row does', async () => {
    watch.start();
    await pass(10);
    const answers = ['busy', undefined, 'busy', 'away'];
    database.answer = async () => answers.shift();
    await pass(2.5 * LOOK_EVERY_MS);
    expect(watch.reasons()).toEqual([]);
    await pass(1.5 * LOOK_EVERY_MS);
    expect(answers).toEqual([]);
    expect(book.of('not_ready')).toMatchObject([{ msg: 'away' }]);
  });

  it('an answer that comes too late makes nothing ready', async () => {
    database.answer = after(ANSWER_WITHIN_MS + 100);
    watch.start();
    await pass(20_000);
    expect(watch.reasons()).toEqual(['the database did not answer within 1.5 s']);
  });

  it('counts the clock, whose verdict stands while the database is away', async () => {
    watch = new ReadinessWatch({
      checks: [databaseCheck(() => database.ask(), clock)],
      clock,
      logger: book.logger,
    });
    clockOffMs = 60_000;
    watch.start();
    await pass(1);
    expect(watch.reasons()).toEqual([expect.stringContaining("clock is 60000 ms off the database's")]);
    database.answer = async () => 'the database is away';
    await pass(2 * LOOK_EVERY_MS);
    expect(watch.reasons()).toEqual(['the database is away', expect.stringContaining('60000 ms off')]);
    clockOffMs = 0;
    database.answer = async () => undefined;
    await pass(LOOK_EVERY_MS);
    expect(watch.reasons()).toEqual([]);
  });

  it('is not ready once the process was told to end, and goes on looking meanwhile', async () => {
    watch.start();
    await pass(1);
    expect(watch.ending).toBe(false);
    watch.end();
    expect(watch.reasons()).toEqual([PROCESS_FINDINGS.ending()]);
    expect(watch.findings()).toEqual([]);
    queue.answer = async () => 'the queue store is full';
    await pass(2 * LOOK_EVERY_MS);
    expect(watch.reasons()).toEqual([PROCESS_FINDINGS.ending(), 'the queue store is full']);
  });

  it('asks nothing after it was stopped', async () => {
    watch.start();
    await pass(1);
    await watch.stop();
    const { asked } = database;
    await pass(10_000);
    expect(database.asked).toBe(asked);
  });

  it('logs each change once, and as a warning only after it was ready', async () => {
    queue.answer = async () => 'not yet';
    watch.start();
    await pass(5_000);
    queue.answer = async () => undefined;
    await pass(5_000);
    queue.answer = async () => 'away';
    await pass(5_000);
    const said = book.lines.map(({ event, level, msg }) => ({ event, level, msg }));
    expect(said).toEqual([
      { event: 'not_ready', level: INFO, msg: 'not yet' },
      { event: 'ready', level: INFO, msg: 'ready' },
      { event: 'not_ready', level: WARN, msg: 'away' },
    ]);
  });
});
