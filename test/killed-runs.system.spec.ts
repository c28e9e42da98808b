import { KilledRuns, spreadPoints } from './support/killed-runs.js';

/** `make test-ingestion-kills` asks for 200 kills of 5,000 records; as part of all tests it is ten. */
const KILLS = Number(process.env.TEST_KILLS ?? 10);
const RECORDS = Number(process.env.TEST_KILLED_RECORDS ?? 700);

/** At most so many kills in one story, in which each process goes on where the one before it was killed. */
const KILLS_OF_STORY = 10;

/** How many of a hundred kills are with batches of a size. */
const BATCH_SIZES = { 1: 40, 7: 30, 250: 30 };

const stories = Object.entries(BATCH_SIZES).flatMap(([batchSize, share]) => {
  const kills = Math.round((KILLS * share) / 100);
  const count = Math.ceil(kills / KILLS_OF_STORY);
  return Array.from({ length: count }, (_, index) => ({
    batchSize: Number(batchSize),
    points: spreadPoints(RECORDS, Math.min(kills, KILLS_OF_STORY), index / count),
  }));
});

describe(`runs over a list of ${RECORDS} records whose processes are killed`, () => {
  let runs: KilledRuns;
  let undisturbed: unknown;
  const killedAt = new Map<number, number[]>();

  beforeAll(async () => {
    runs = await KilledRuns.open(RECORDS);
    ({ tables: undisturbed } = await runs.run({ batchSize: 250, points: [] }));
  });
  afterAll(async () => {
    await runs.close();
    if (KILLS <= KILLS_OF_STORY) return;
    for (const [batchSize, points] of killedAt) {
      const sorted = points.toSorted((left, right) => left - right);
      process.stderr.write(`batches of ${batchSize}: ${points.length} kills, after ${sorted.join(', ')} records\n`);
    }
  });

  it.each(stories)(
    'in batches of $batchSize, after $points records, leave what a run that nobody disturbs leaves',
    async ({ batchSize, points }) => {
      const story = await runs.run({ batchSize, points });
      killedAt.set(batchSize, [...(killedAt.get(batchSize) ?? []), ...story.killedAt]);
      expect(story.killedAt).toHaveLength(points.length);
      expect(story.tables).toEqual(undisturbed);
      // Each page is processed once, to its end, by however many runs.
      expect(story.processed).toBe(story.pages * RECORDS);
    },
  );
});
