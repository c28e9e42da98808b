import type { FetchJob } from '@app/queue';
import { plainAnswer } from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { planFetches, samplesOf } from '../../../../../test/builders/planned-fetch.js';
import { deribitBody, FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { eventually } from '../../../../../test/support/processes.js';

describe('the job that fetches prices, towards a source that is slower than the interval', () => {
  let fixture: FetchFixture;

  beforeEach(async () => {
    fixture = await FetchFixture.start();
  });
  afterEach(() => fixture.stop());

  const outcome = async (one: FetchJob) => {
    const [sample] = await samplesOf(fixture.database.pool, one.slot);
    return sample?.reason ?? sample?.outcome;
  };

  it('has one call under way at a time, and the slots meanwhile are overload', async () => {
    const first = await fixture.slot(1);
    const keys = [first];
    for (let second = 1; second < 4; second += 1) {
      keys.push(...(await planFetches(fixture.database.pool, first.slot + second)));
    }
    const answers: (() => void)[] = [];
    fixture.source.answerWith((request, response) => {
      answers.push(() => plainAnswer(200, deribitBody('87123.45'))(request, response));
    });
    /** Takes a slot in hand at its beginning and, once the source is asked, lets it be until it is answered. */
    const begin = async (one: FetchJob | undefined): Promise<{ ended: Promise<void> }> => {
      const before = answers.length;
      fixture.setClock((one as FetchJob).slot * 1000 + 50);
      const ended = fixture.run(one as FetchJob);
      await eventually('the call', 10_000, () => (answers.length > before ? true : undefined));
      return { ended };
    };
    const answer = async ({ ended }: { ended: Promise<void> }): Promise<void> => {
      fixture.setClock(fixture.now() + 1_500);
      answers.at(-1)?.();
      await ended;
    };
    const slow = await begin(keys[0]);
    for (const meanwhile of keys.slice(1, 3)) {
      fixture.setClock(meanwhile.slot * 1000 + 50);
      await fixture.run(meanwhile);
    }
    await answer(slow);
    await answer(await begin(keys[3]));
    expect(await Promise.all(keys.map(outcome))).toEqual(['late', 'overload', 'overload', 'late']);
    expect(fixture.source.requests).toHaveLength(2);
  });
});
