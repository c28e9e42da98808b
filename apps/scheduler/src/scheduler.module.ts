import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClockWatch, OperationsModule, type Logger } from '@app/observability';
import { workerConnection, type QueueStore } from '@app/queue';
import { CatalogueRepository, CloseRepository, PlanRepository, dataSourceOptions, type Pool } from '@app/storage';
import type { SourceAccesses, SourceClient } from '@app/sources';
import type { DataSource } from 'typeorm';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { ProblemFilter } from './control/problem.filter.js';
import { TickersController } from './control/tickers.controller.js';
import { Clockwork } from './planning/clockwork.service.js';
import { FetchQueues } from './planning/fetch-queues.js';
import { PlannerService } from './planning/planner.service.js';
import { WakeProcessor } from './planning/wake.processor.js';
import { LOGGER, POOL } from './tokens.js';

/** What a scheduler is made of; opened before Nest starts, so that Nest only wires. */
export interface SchedulerParts {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly clock: ClockWatch;
  readonly queueStore: QueueStore;
  readonly queues: FetchQueues;
  readonly sources: SourcesPart;
}

/** How this process knows and reaches the sources. */
export interface SourcesPart {
  readonly client: SourceClient;
  readonly access: SourceAccesses;
  /** Whether published limits are kept and months counted; the simulator has none of its own. */
  readonly limited: boolean;
}

/** The control plane: plans slots, closes them, and lets the catalogue be changed. */
@Module({})
export class SchedulerModule {
  static forRoot(parts: SchedulerParts): DynamicModule {
    const { logger, pool, clock, queueStore, queues } = parts;
    return {
      module: SchedulerModule,
      imports: [
        BullModule.forRoot({ connection: workerConnection(queueStore, 1) }),
        BullModule.registerQueue(),
        TypeOrmModule.forRoot(dataSourceOptions(parts.databaseUrl, 'tidemark-catalogue')),
        OperationsModule.forRoot(() =>
          clock.isTrue() ? [] : ["the clock is more than 250 ms away from the database's"],
        ),
      ],
      controllers: [TickersController],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: POOL, useValue: pool },
        { provide: ClockWatch, useValue: clock },
        { provide: FetchQueues, useValue: queues },
        { provide: PlanRepository, useValue: new PlanRepository(pool) },
        { provide: CloseRepository, useValue: new CloseRepository(pool) },
        {
          provide: CatalogueRepository,
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => new CatalogueRepository(dataSource),
        },
        CatalogueService,
        PlannerService,
        Clockwork,
        WakeProcessor,
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
