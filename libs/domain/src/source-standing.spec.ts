import { standingOfSource, type SampleCount } from './source-standing.js';

/** `accepted`, or a reason with its outcome. */
function samples(tickerId: number, ...given: readonly [text: string, count: number][]): SampleCount[] {
  return given.map(([text, count]) => {
    const [outcome, reason = null] = text.split(' ') as [SampleCount['outcome'], string?];
    return { tickerId, outcome, reason, count };
  });
}

describe('how a source stands by its last samples', () => {
  test.each([
    ['all accepted', samples(1, ['accepted', 10]), []],
    ['rejected as jumps in most slots', samples(1, ['accepted', 4], ['rejected jump', 6]), ['1 jump']],
    ['rejected as jumps in half of them', samples(1, ['accepted', 5], ['rejected jump', 5]), []],
    ['two jumps alone: the market may have moved', samples(1, ['rejected jump', 2]), []],
    ['three slots are enough', samples(1, ['rejected jump', 3]), ['1 jump']],
    ['missed slots say nothing', samples(1, ['rejected jump', 3], ['missed overload', 7]), ['1 jump']],
    ['left out of medians', samples(1, ['accepted', 1], ['accepted outlier', 9]), ['1 outlier']],
    ['standing still', samples(1, ['rejected frozen', 7], ['rejected jump', 2]), ['1 frozen']],
    [
      'jumps and outliers together',
      samples(1, ['accepted', 4], ['accepted outlier', 4], ['rejected jump', 2]),
      ['1 outlier'],
    ],
    ['only in one ticker', [...samples(1, ['accepted', 10]), ...samples(2, ['rejected jump', 9])], ['2 jump']],
    ['old prices are no disagreement', samples(1, ['rejected stale', 10]), []],
  ])('%s', (_what, counts, expected) => {
    const { disagreements } = standingOfSource(counts);
    expect(disagreements.map(({ tickerId, reason }) => `${tickerId} ${reason}`)).toEqual(expected);
  });

  test.each([
    ['old prices alone', samples(1, ['rejected stale', 3]), true],
    [
      'old prices, other shapes and empty answers',
      [...samples(1, ['rejected stale', 2]), ...samples(2, ['failed absent', 2])],
      true,
    ],
    ['two samples say nothing yet', samples(1, ['rejected drift', 2]), false],
    ['one ticker that can be used', [...samples(1, ['rejected stale', 9]), ...samples(2, ['accepted', 1])], false],
    ['calls that fail are another state', samples(1, ['failed timeout', 10]), false],
    ['most were not asked for', samples(1, ['rejected stale', 4], ['missed overload', 4]), false],
    ['jumps alone: it disagrees', samples(1, ['rejected jump', 10]), false],
    ['nothing at all', [], false],
  ])('is unusable or not: %s', (_what, counts, expected) => {
    expect(standingOfSource(counts).isUnusable).toBe(expected);
  });
});
