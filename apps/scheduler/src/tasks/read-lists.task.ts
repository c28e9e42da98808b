import { addJobs, INGEST_ASSETS, newJob } from '@app/queue';
import { callLimitsOf, ASSET_LISTS, type SourceAccesses } from '@app/sources';
import { requireTrueClock, type IngestionPart, type Task, type TaskOptions } from './task.js';

/** The part of a month's credits that lists may take; the rest is for prices. */
const SHARE_OF_MONTH = 0.1;

const MONTH_SECONDS = 30 * 86_400;

/** How often each list is read, in seconds: as the settings say, slower where the month of its plan allows less. */
export function listIntervals(
  intervalSeconds: number,
  {
    access,
    csvFolder,
    pages = {},
    limited,
  }: Pick<IngestionPart, 'csvFolder' | 'pages'> & { access: SourceAccesses; limited: boolean },
): ReadonlyMap<string, number> {
  const ofSources = ASSET_LISTS.map(({ source, cost = 1, defaultPages }): [string, number] => {
    const { monthly } = callLimitsOf(source, access[source.name]);
    const credits = cost * (pages[source.name] ?? defaultPages);
    const affordable = monthly === undefined || !limited ? 0 : (MONTH_SECONDS * credits) / (monthly * SHARE_OF_MONTH);
    return [source.name, Math.max(intervalSeconds, Math.ceil(affordable))];
  });
  return new Map(csvFolder === undefined ? ofSources : [...ofSources, ['csv', intervalSeconds]]);
}

/** Has workers read the lists of assets that are due. Offered again until a run has begun, and by several schedulers, each is read once. */
export function readLists({
  ingestion: { intervalSeconds, csvFolder, pages },
  ...options
}: Pick<TaskOptions, 'ingestion' | 'lists' | 'runs' | 'queues' | 'access' | 'limited' | 'clock'>): Task {
  const { lists, runs, queues, access, limited, clock } = options;
  const intervals =
    intervalSeconds === 0
      ? new Map<string, number>()
      : listIntervals(intervalSeconds, { access, csvFolder, pages, limited });
  return {
    name: 'read-lists',
    everySeconds: 5,
    offsetMs: 2_500,
    run: async () => {
      await lists.keep(intervals);
      if (intervals.size === 0) return;
      requireTrueClock(clock);
      const due = await runs.due(intervals);
      await addJobs(
        queues.lists,
        due.map((each) => newJob(INGEST_ASSETS, each)),
      );
    },
  };
}
