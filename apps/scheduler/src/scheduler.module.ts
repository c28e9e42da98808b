import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { OperationsModule, type ReadinessAnswer } from '@app/nest';
import { ClockWatch, type Logger } from '@app/observability';
import { workerOptions, type QueueStore } from '@app/queue';
import {
  CatalogueRepository,
  CloseRepository,
  dataSourceOptions,
  ExtraFetchRepository,
  PayloadRepository,
  PlanRepository,
  StatusRepository,
  type Pool,
} from '@app/storage';
import type { SourceAccesses, SourceClient } from '@app/sources';
import type { DataSource } from 'typeorm';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { listAllowance } from './catalogue/list-allowance.js';
import { NameBook } from './catalogue/name-book.js';
import { SourceLoad } from './catalogue/source-load.js';
import { FetchController } from './control/fetch.controller.js';
import { ProblemFilter } from './control/problem.filter.js';
import { StatusController } from './control/status.controller.js';
import { TickersController } from './control/tickers.controller.js';
import { Clockwork } from './tasks/close-slots.task.js';
import { CreditPlanner } from './planning/credit-planner.js';
import { FetchQueues } from './planning/fetch-queues.js';
import { PayloadRetention } from './tasks/drop-payloads.task.js';
import { PlannerService } from './planning/planner.service.js';
import { SourceGauges } from './tasks/read-source-states.task.js';
import { WakeProcessor } from './planning/wake.processor.js';
import { reportSettled } from './planning/report-settled.js';
import { LOGGER, PAYLOAD_RETENTION_DAYS, POOL, SOURCE_ACCESSES, STABLECOINS_AT_PAR } from './tokens.js';

/** What a scheduler is made of; opened before Nest starts, so that Nest only wires. */
export interface SchedulerParts {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly clock: ClockWatch;
  /** Answers why this process is not ready. */
  readonly readiness: ReadinessAnswer;
  readonly queueStore: QueueStore;
  readonly queues: FetchQueues;
  readonly sources: SourcesPart;
  /** How many days the bodies of answers are kept. */
  readonly payloadRetentionDays: number;
}

/** How this process knows and reaches the sources. */
export interface SourcesPart {
  readonly client: SourceClient;
  readonly access: SourceAccesses;
  /** Whether published limits are kept and months counted; the simulator has none of its own. */
  readonly limited: boolean;
  /** Whether a USDT or USDC is taken for a dollar; default: no. */
  readonly stablecoinsAtPar?: boolean;
}

/** The control plane: plans slots, closes them, and lets the catalogue be changed. */
@Module({})
export class SchedulerModule {
  static forRoot(parts: SchedulerParts): DynamicModule {
    const { logger, pool, clock, queueStore, queues } = parts;
    return {
      module: SchedulerModule,
      imports: [
        BullModule.forRoot(workerOptions(queueStore, 1)),
        BullModule.registerQueue(),
        TypeOrmModule.forRoot(dataSourceOptions(parts.databaseUrl, 'tidemark-catalogue')),
        OperationsModule.forRoot(parts.readiness),
      ],
      controllers: [TickersController, StatusController, FetchController],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: POOL, useValue: pool },
        { provide: ClockWatch, useValue: clock },
        { provide: FetchQueues, useValue: queues },
        { provide: PlanRepository, useValue: new PlanRepository(pool) },
        { provide: PayloadRepository, useValue: new PayloadRepository(pool) },
        { provide: PAYLOAD_RETENTION_DAYS, useValue: parts.payloadRetentionDays },
        {
          provide: CloseRepository,
          useValue: new CloseRepository(pool, (settled) => reportSettled(logger, settled)),
        },
        {
          provide: CatalogueRepository,
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => new CatalogueRepository(dataSource),
        },
        { provide: STABLECOINS_AT_PAR, useValue: parts.sources.stablecoinsAtPar ?? false },
        { provide: SOURCE_ACCESSES, useValue: parts.sources.access },
        { provide: StatusRepository, useValue: new StatusRepository(pool) },
        { provide: ExtraFetchRepository, useValue: new ExtraFetchRepository(pool) },
        {
          provide: NameBook,
          useValue: new NameBook({
            ...parts.sources,
            logger,
            now: Date.now,
            spend: listAllowance({ ...parts.sources, pool }),
          }),
        },
        { provide: SourceLoad, useValue: new SourceLoad(parts.sources.access, parts.sources.limited) },
        { provide: CreditPlanner, useValue: new CreditPlanner({ ...parts.sources, pool, logger }) },
        { provide: SourceGauges, useValue: new SourceGauges({ ...parts.sources, pool, logger, now: Date.now }) },
        CatalogueService,
        PlannerService,
        Clockwork,
        PayloadRetention,
        WakeProcessor,
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
