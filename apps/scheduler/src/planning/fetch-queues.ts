import { Queue } from 'bullmq';
import { fetchJobId, LISTS_QUEUE, PLANNER_QUEUE, removeJobs, sourceQueueName, type StoreOptions } from '@app/queue';
import type { Logger } from '@app/observability';

/** The queues that the scheduler adds to: one a source, that of lists, and the one that wakes the planner. */
export class FetchQueues {
  readonly planner: Queue;
  readonly lists: Queue;
  private readonly bySource: ReadonlyMap<string, Queue>;

  constructor(
    sources: readonly string[],
    options: StoreOptions,
    private readonly logger: Logger,
  ) {
    const open = (name: string): Queue => {
      const queue = new Queue(name, options);
      // Without a listener a lost connection would end the process; it is tried again by itself.
      queue.on('error', (error) => logger.warn({ event: 'queue_error', queue: name }, error.message));
      return queue;
    };
    this.planner = open(PLANNER_QUEUE);
    this.lists = open(LISTS_QUEUE);
    this.bySource = new Map(sources.map((source) => [source, open(sourceQueueName(source))]));
  }

  /** Queue of a source. @throws Error when this build does not know the source. */
  of(source: string): Queue {
    const queue = this.bySource.get(source);
    if (queue === undefined) throw new Error(`no queue for source ${source}: this build does not know it`);
    return queue;
  }

  /**
   * Takes stale jobs out of their queues: left there, they would keep a worker that comes back from what is due. Never rejects: a
   * store that is away has none to take, and what stays is cleaned by its age.
   */
  async remove(
    fetches: readonly { readonly source: string; readonly batch: string; readonly slot: number }[],
  ): Promise<void> {
    for (const [source, ofSource] of Map.groupBy(fetches, (fetch) => fetch.source)) {
      try {
        await removeJobs(
          this.of(source),
          ofSource.map((fetch) => fetchJobId(fetch)),
        );
      } catch (error) {
        this.logger.warn({ event: 'queue_error', queue: source, err: error }, 'could not remove stale jobs');
      }
    }
  }

  /** Every queue, the planner's first. */
  all(): Queue[] {
    return [this.planner, ...this.bySource.values(), this.lists];
  }

  /** Never rejects: a store that is away has nothing to close. */
  async close(): Promise<void> {
    await Promise.allSettled(this.all().map((queue) => queue.close()));
  }
}
