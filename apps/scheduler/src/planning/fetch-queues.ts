import { Queue, type ConnectionOptions } from 'bullmq';
import { fetchQueueName, PLANNER_QUEUE } from '@app/queue';
import type { Logger } from '@app/observability';

/** The queues that the scheduler adds to: one a source, and the one that wakes the planner. */
export class FetchQueues {
  readonly planner: Queue;
  private readonly bySource: ReadonlyMap<string, Queue>;

  constructor(sources: readonly string[], connection: ConnectionOptions, logger: Logger) {
    const open = (name: string): Queue => {
      const queue = new Queue(name, { connection });
      // Without a listener a lost connection would end the process; it is tried again by itself.
      queue.on('error', (error) => logger.warn({ event: 'queue_error', queue: name }, error.message));
      return queue;
    };
    this.planner = open(PLANNER_QUEUE);
    this.bySource = new Map(sources.map((source) => [source, open(fetchQueueName(source))]));
  }

  /** Queue of a source. @throws Error when this build does not know the source. */
  of(source: string): Queue {
    const queue = this.bySource.get(source);
    if (queue === undefined) throw new Error(`no queue for source ${source}: this build does not know it`);
    return queue;
  }

  /** Every queue, the planner's first. */
  all(): Queue[] {
    return [this.planner, ...this.bySource.values()];
  }

  /** Never rejects: a store that is away has nothing to close. */
  async close(): Promise<void> {
    await Promise.allSettled(this.all().map((queue) => queue.close()));
  }
}
