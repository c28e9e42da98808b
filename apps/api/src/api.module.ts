import { Inject, Module, type DynamicModule, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Registry } from '@prometheus-io/client';
import { ClockWatch } from '@app/observability';
import {
  databaseNowMs,
  ExplainReader,
  GapReader,
  PayloadReader,
  PriceReader,
  ReadDatabase,
  TickerReader,
  type Pool,
} from '@app/storage';
import type { ApiSettings } from './api-settings.js';
import { DatabaseWatch } from './health/database.watch.js';
import { ExplainController } from './explain/explain.controller.js';
import { GapController } from './gaps/gap.controller.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { HomeController } from './home/home.controller.js';
import { LatestPrices } from './prices/latest-prices.service.js';
import { createMetrics } from './http/metrics.js';
import { MetricsController } from './health/metrics.controller.js';
import { PayloadController } from './payloads/payload.controller.js';
import { PriceController } from './prices/price.controller.js';
import { QueryReader } from './http/query.reader.js';
import { StreamSender } from './prices/stream.sender.js';
import { TickerController } from './tickers/ticker.controller.js';
import { TickerDirectory } from './tickers/ticker.directory.js';
import { API_SETTINGS, CLOCK, READ_POOL, WATCH_DATABASE, WATCH_POOL, type Clock } from './tokens.js';

/** What the API is put together from. */
export interface ApiModuleOptions {
  readonly settings: ApiSettings;
  readonly now: Clock;
  /** Answers requests. */
  readonly readPool: Pool;
  /** Watches the database. */
  readonly watchPool: Pool;
}

/** The longest wait for connections that are still busy when the process ends, in milliseconds. */
const CLOSE_LIMIT_MS = 2_000;

/** The read plane: HTTP over Postgres. */
@Module({})
export class ApiModule implements OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(DatabaseWatch) private readonly watch: DatabaseWatch,
    @Inject(READ_POOL) private readonly readPool: Pool,
    @Inject(WATCH_POOL) private readonly watchPool: Pool,
  ) {}

  /** The module around the given parts. */
  static around({ settings, now, readPool, watchPool }: ApiModuleOptions): DynamicModule {
    const database = new ReadDatabase(readPool);
    return {
      module: ApiModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [
        HomeController,
        PriceController,
        ExplainController,
        PayloadController,
        GapController,
        TickerController,
        HealthController,
        MetricsController,
      ],
      providers: [
        { provide: API_SETTINGS, useValue: settings },
        { provide: CLOCK, useValue: now },
        { provide: READ_POOL, useValue: readPool },
        { provide: WATCH_POOL, useValue: watchPool },
        { provide: WATCH_DATABASE, useValue: new ReadDatabase(watchPool) },
        { provide: ClockWatch, useValue: new ClockWatch(() => databaseNowMs(watchPool), now) },
        { provide: PriceReader, useValue: new PriceReader(database) },
        { provide: ExplainReader, useValue: new ExplainReader(database) },
        { provide: PayloadReader, useValue: new PayloadReader(database) },
        { provide: GapReader, useValue: new GapReader(database) },
        { provide: TickerReader, useValue: new TickerReader(database) },
        {
          provide: Registry,
          useFactory: (watch: DatabaseWatch, sender: StreamSender) => createMetrics({ pool: readPool, watch, sender }),
          inject: [DatabaseWatch, StreamSender],
        },
        DatabaseWatch,
        HealthService,
        LatestPrices,
        QueryReader,
        StreamSender,
        TickerDirectory,
      ],
    };
  }

  /** Stops looking after the database before the server closes. */
  async onModuleDestroy(): Promise<void> {
    await Promise.race([this.watch.stop(), closeLimit()]);
  }

  /** Gives the connections back after the last answer. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.all([this.readPool.end(), this.watchPool.end()]), closeLimit()]);
  }
}

function closeLimit(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref());
}
