import { COINGECKO_IDS } from '@app/domain';
import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { OperationsModule, type ReadinessAnswer } from '@app/process/server';
import type { Logger } from '@app/observability';
import { ClockWatch } from '@app/process';
import { JOBS, type QueueStore } from '@app/queue';
import {
  AssetLinkReader,
  CatalogueRepository,
  CloseRepository,
  IngestionRepository,
  ListIntervalRepository,
  dataSourceOptions,
  ExtraFetchRepository,
  PayloadRepository,
  PlanRepository,
  ReadDatabase,
  RefusedSymbolRepository,
  SnapshotRepository,
  StatusRepository,
  type Pool,
} from '@app/storage';
import type { SourceAccesses, SourceClient } from '@app/sources';
import type { DataSource } from 'typeorm';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { listBudget } from './catalogue/list-budget.js';
import { SymbolDirectory } from './catalogue/symbol-directory.js';
import { SourceLoad } from './catalogue/source-load.js';
import { FetchController } from './control/fetch.controller.js';
import { StatusController } from './control/status.controller.js';
import { TickersController } from './control/tickers.controller.js';
import { TopTickersController } from './control/top-tickers.controller.js';
import { TopTickersService } from './catalogue/top-tickers.service.js';
import { CreditPlanner } from './planning/credit-planner.js';
import { FetchQueues } from './planning/fetch-queues.js';
import { PlannerService } from './planning/planner.service.js';
import { RunWakeJobs } from './planning/run-wake-jobs.js';
import { WakeUps } from './planning/wake-ups.js';
import { reportDecisions } from './planning/report-decisions.js';
import { allTasks } from './tasks/all-tasks.js';
import { TaskRunner } from './tasks/run-tasks.js';
import type { IngestionPart, TaskOptions, TasksOf } from './tasks/task.js';
import { LOGGER, SOURCE_ACCESSES, STABLECOINS_AT_PAR } from './tokens.js';

/** What a scheduler is made of; opened before Nest starts, so that Nest only wires. */
export interface SchedulerModuleOptions {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly clock: ClockWatch;
  /** Answers why this process is not ready. */
  readonly readiness: ReadinessAnswer;
  readonly queueStore: QueueStore;
  readonly queues: FetchQueues;
  readonly sources: SourcesPart;
  readonly ingestion: IngestionPart;
  /** How many days the bodies of answers are kept. */
  readonly payloadRetentionDays: number;
  /** Where snapshots are written; undefined when none are. */
  readonly snapshotFolder?: string | undefined;
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
  /** @param tasksOf makes the periodic tasks; default: all of them. */
  static forRoot(options: SchedulerModuleOptions, tasksOf: TasksOf = allTasks): DynamicModule {
    const { logger, pool, clock, queueStore, queues } = options;
    return {
      module: SchedulerModule,
      imports: [
        TypeOrmModule.forRoot(dataSourceOptions(options.databaseUrl, 'tidemark-catalogue')),
        OperationsModule.forRoot(options),
      ],
      controllers: [TickersController, TopTickersController, StatusController, FetchController],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: ClockWatch, useValue: clock },
        { provide: FetchQueues, useValue: queues },
        { provide: PlanRepository, useValue: new PlanRepository(pool) },
        {
          provide: CatalogueRepository,
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => new CatalogueRepository(dataSource),
        },
        { provide: STABLECOINS_AT_PAR, useValue: options.sources.stablecoinsAtPar ?? false },
        { provide: SOURCE_ACCESSES, useValue: options.sources.access },
        { provide: StatusRepository, useValue: new StatusRepository(pool) },
        { provide: RefusedSymbolRepository, useValue: new RefusedSymbolRepository(pool) },
        { provide: ExtraFetchRepository, useValue: new ExtraFetchRepository(pool) },
        {
          provide: SymbolDirectory,
          useValue: new SymbolDirectory({
            ...options.sources,
            logger,
            now: Date.now,
            spend: listBudget({ ...options.sources, pool }),
          }),
        },
        { provide: SourceLoad, useValue: new SourceLoad(options.sources.access, options.sources.limited) },
        { provide: CreditPlanner, useValue: new CreditPlanner({ ...options.sources, pool, logger }) },
        {
          provide: TaskRunner,
          inject: [PlannerService, WakeUps],
          useFactory: (planner: PlannerService, wakeUps: WakeUps) =>
            new TaskRunner({ tasks: tasksOf(taskOptions(options, planner, wakeUps)), logger, now: Date.now }),
        },
        { provide: AssetLinkReader, useValue: new AssetLinkReader(new ReadDatabase(pool)) },
        CatalogueService,
        TopTickersService,
        PlannerService,
        WakeUps,
        {
          provide: RunWakeJobs,
          inject: [PlannerService],
          useFactory: (planner: PlannerService) => new RunWakeJobs(planner, queueStore, logger),
        },
      ],
    };
  }
}

function taskOptions(options: SchedulerModuleOptions, planner: PlannerService, wakeUps: WakeUps): TaskOptions {
  const { logger, pool, clock, queues, ingestion, payloadRetentionDays, snapshotFolder } = options;
  const { access, limited } = options.sources;
  return {
    ...{ logger, pool, clock, queues, ingestion, payloadRetentionDays, snapshotFolder },
    ...{ access, limited, planner, wakeUps },
    closer: new CloseRepository(pool, (decisions) => reportDecisions(logger, decisions)),
    payloads: new PayloadRepository(pool),
    lists: new ListIntervalRepository(pool),
    runs: new IngestionRepository(pool),
    snapshots: new SnapshotRepository(pool, COINGECKO_IDS),
    jobTypes: JOBS,
    now: Date.now,
  };
}
