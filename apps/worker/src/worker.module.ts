import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ClockWatch, OperationsModule, type Logger } from '@app/observability';
import { workerConnection, type QueueStore } from '@app/queue';
import { SOURCES, SourceClient } from '@app/sources';
import { FetchRepository, SampleRepository, type Pool } from '@app/storage';
import { FetchPricesJob } from './fetch-prices.job.js';
import { fetchProcessorFor, type ProcessorOptions } from './fetch.processor.js';
import { FINISH_WITHIN_MS, LOGGER, SHUTDOWN } from './tokens.js';
import { WorkerLifecycle } from './worker-lifecycle.service.js';

/** What a worker is made of; opened before Nest starts, so that Nest only wires. */
export interface WorkerParts {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly clock: ClockWatch;
  readonly client: SourceClient;
  readonly queueStore: QueueStore;
  readonly processors: ProcessorOptions;
  /** How long jobs in hand may take to finish at the end before they are given back. */
  readonly finishWithinMs: number;
  readonly now: () => number;
}

/** The data plane: one processor a source. */
@Module({})
export class WorkerModule {
  static forRoot(parts: WorkerParts): DynamicModule {
    const { logger, pool, clock, client, now } = parts;
    const fetchPrices = new FetchPricesJob({
      fetches: new FetchRepository(pool),
      samples: new SampleRepository(pool),
      client,
      logger,
      now,
    });
    return {
      module: WorkerModule,
      imports: [
        DiscoveryModule,
        BullModule.forRoot({ connection: workerConnection(parts.queueStore, parts.processors.concurrency) }),
        BullModule.registerQueue(),
        OperationsModule.forRoot(() =>
          clock.isTrue() ? [] : ["the clock is more than 250 ms away from the database's"],
        ),
      ],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: SHUTDOWN, useValue: new AbortController() },
        { provide: FINISH_WITHIN_MS, useValue: parts.finishWithinMs },
        { provide: ClockWatch, useValue: clock },
        { provide: SourceClient, useValue: client },
        { provide: FetchPricesJob, useValue: fetchPrices },
        ...SOURCES.map((source) => fetchProcessorFor(source, parts.processors)),
        WorkerLifecycle,
      ],
    };
  }
}
