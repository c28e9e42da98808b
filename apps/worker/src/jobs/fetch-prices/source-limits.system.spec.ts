import { fetchJob } from '@app/queue';
import { sourceByName } from '@app/sources';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerServer,
} from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { deribitBody } from '../../../../../test/support/fetch-fixture.js';
import { eventually } from '../../../../../test/support/processes.js';
import { queueStoresHere, WorkerFleet } from '../../../../../test/support/worker-fleet.js';
import { limiterOf } from '../../queue-limiter.js';

/** What Deribit publishes. */
const LIMIT = { calls: 20, perMs: 1_000 };
const TICKERS = 60;

describe.each(queueStoresHere())('two workers with their queues on %s', (store) => {
  let fleet: WorkerFleet;
  let source: AnswerServer;
  let arrivals: number[];

  beforeEach(async () => {
    fleet = await WorkerFleet.start(store);
    source = await startAnswerServer();
    arrivals = [];
    source.answerWith((request, response) => {
      arrivals.push(performance.now());
      plainAnswer(200, deribitBody('87123.45'))(request, response);
    });
  });
  afterEach(async () => {
    await fleet.stop();
    await source.close();
  });

  it('never exceed the published limit in any range of its length, and use what they may', async () => {
    const keys = await fleet.plan(TICKERS, 60);
    await fleet.queue.addBulk(keys.map((key) => fetchJob(key, 3)));
    await Promise.all([1, 2].map(() => fleet.addWorker(source.url)));
    await eventually('every call', 25_000, () => (arrivals.length >= TICKERS ? true : undefined));
    expect(arrivals).toHaveLength(TICKERS);
    const most = Math.max(
      ...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + LIMIT.perMs).length),
    );
    process.stderr.write(`${store}: at most ${most} of ${LIMIT.calls} calls in any second\n`);
    expect(most).toBeLessThanOrEqual(LIMIT.calls);
    // Some 9 a second: 60 calls take 7 s, and not a minute.
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeLessThan(15_000);
  });
});

describe('the limiter of a queue', () => {
  it.each([
    // 20 a second: 9 are used, one after every 111 ms.
    ['deribit', { max: 1, duration: 112 }],
    // 10 a second, of which 4.5 are used.
    ['coinbase', { max: 1, duration: 223 }],
    // 1 a second: less than half of one is one in 2.2 s.
    ['kraken', { max: 1, duration: 2_223 }],
    // 30 a minute, of which the budget grants 13.5 at once and never more than 27: a job that it refused may come again.
    ['coingecko', { max: 27, duration: 60_000 }],
    // A weight of 6,000 a minute, and the lightest call weighs 2.
    ['binance', { max: 2_700, duration: 60_000 }],
  ])('of %s follows from what it publishes', (name, limiter) => {
    const source = sourceByName(name);
    expect(source && limiterOf(source, {})).toEqual(limiter);
  });
});
