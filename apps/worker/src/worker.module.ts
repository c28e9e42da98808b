import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { JudgeOptions } from '@app/domain';
import { OperationsModule, type ReadinessAnswer } from '@app/nest';
import { ClockWatch, type Logger } from '@app/observability';
import { workerOptions, type QueueStore } from '@app/queue';
import { parserVersionOf, SOURCES, SourceClient } from '@app/sources';
import {
  AttemptRepository,
  DriftRepository,
  FetchRepository,
  PayloadRepository,
  SampleRepository,
  SourceStateRepository,
  type Pool,
} from '@app/storage';
import { PublishedAllowance } from './jobs/fetch-prices/call-allowance.js';
import { FetchPricesJob } from './jobs/fetch-prices/fetch-prices.job.js';
import { Provenance, type ProvenanceLimits } from './jobs/fetch-prices/provenance.js';
import { fetchProcessorFor, type ProcessorOptions } from './fetch.processor.js';
import { FINISH_WITHIN_MS, LOGGER, SHUTDOWN } from './tokens.js';
import { WorkerLifecycle } from './worker-lifecycle.service.js';

/** What a worker is made of; opened before Nest starts, so that Nest only wires. */
export interface WorkerParts {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly clock: ClockWatch;
  /** Answers why this process is not ready. */
  readonly readiness: ReadinessAnswer;
  readonly client: SourceClient;
  readonly queueStore: QueueStore;
  readonly processors: ProcessorOptions;
  /** How answers are judged. */
  readonly judging: JudgeOptions;
  /** How much of what the sources answered is kept. */
  readonly provenance: ProvenanceLimits;
  /** How long jobs in hand may take to finish at the end before they are given back. */
  readonly finishWithinMs: number;
  readonly now: () => number;
}

/** The data plane: one processor a source. */
@Module({})
export class WorkerModule {
  static forRoot(parts: WorkerParts): DynamicModule {
    const { logger, pool, clock, client, now } = parts;
    const provenance = provenanceOf(parts);
    const fetchPrices = new FetchPricesJob({
      fetches: new FetchRepository(pool),
      samples: new SampleRepository(pool),
      states: new SourceStateRepository(pool),
      allowance: parts.processors.limited ? new PublishedAllowance(pool, parts.processors.access) : undefined,
      client,
      provenance,
      judging: parts.judging,
      logger,
      now,
    });
    return {
      module: WorkerModule,
      imports: [
        DiscoveryModule,
        BullModule.forRoot(workerOptions(parts.queueStore, parts.processors.concurrency)),
        BullModule.registerQueue(),
        OperationsModule.forRoot(parts.readiness),
      ],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: SHUTDOWN, useValue: new AbortController() },
        { provide: FINISH_WITHIN_MS, useValue: parts.finishWithinMs },
        { provide: ClockWatch, useValue: clock },
        { provide: SourceClient, useValue: client },
        { provide: FetchPricesJob, useValue: fetchPrices },
        { provide: Provenance, useValue: provenance },
        ...SOURCES.map((source) => fetchProcessorFor(source, parts.processors)),
        WorkerLifecycle,
      ],
    };
  }
}

function provenanceOf({ pool, logger, now, provenance: limits, processors }: WorkerParts): Provenance {
  const keys = Object.values(processors.access).map((access) => access?.apiKey);
  return new Provenance({
    payloads: new PayloadRepository(pool),
    attempts: new AttemptRepository(pool),
    drifts: new DriftRepository(pool),
    logger,
    now,
    limits,
    secrets: keys.filter((key) => key !== undefined),
    parserVersionOf,
  });
}
