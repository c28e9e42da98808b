import { COINGECKO_IDS } from '@app/domain';
import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { Registry } from '@prometheus-io/client';
import { ClockWatch, ReadinessWatch } from '@app/process';
import { MetricsModule } from '@app/process/server';
import {
  AssetReader,
  ExplainReader,
  GapReader,
  LatestSampleReader,
  IngestionReader,
  PayloadReader,
  PriceLineReader,
  PriceReader,
  ReadDatabase,
  TickerReader,
  type ProcessDatabase,
} from '@app/storage';
import type { ApiSettings } from './api-settings.js';
import { ReaderCheck } from './health/reader.check.js';
import { AssetController } from './assets/asset.controller.js';
import { ExplainController } from './explain/explain.controller.js';
import { GapController } from './gaps/gap.controller.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { HomeController } from './home/home.controller.js';
import { RecentLinesReader } from './home/recent-lines.js';
import { LatestController } from './latest/latest.controller.js';
import { LatestPrices } from './prices/latest-prices.service.js';
import { PayloadController } from './payloads/payload.controller.js';
import { PriceController } from './prices/price.controller.js';
import { QueryReader } from './http/query.reader.js';
import { StreamSender } from './prices/stream.sender.js';
import { TickerController } from './tickers/ticker.controller.js';
import { TickerDirectory } from './tickers/ticker.directory.js';
import { API_SETTINGS, CLOCK, WATCH_DATABASE, type Clock } from './tokens.js';

/** What the API is put together from. */
export interface ApiModuleOptions {
  readonly settings: ApiSettings;
  readonly now: Clock;
  /** Holds its metrics. */
  readonly registry: Registry;
  /** Its pool answers requests. */
  readonly database: Pick<ProcessDatabase, 'pool'>;
  /** On the connections that watch. */
  readonly watchReader: ReadDatabase;
  readonly check: ReaderCheck;
  readonly clock: ClockWatch;
  readonly readiness: ReadinessWatch;
}

/** The read plane: HTTP over Postgres. */
@Module({})
export class ApiModule {
  /** The module around the given parts. */
  static around({ settings, now, registry, clock, readiness, ...stores }: ApiModuleOptions): DynamicModule {
    const database = new ReadDatabase(stores.database.pool);
    return {
      module: ApiModule,
      imports: [TerminusModule.forRoot({ logger: false }), MetricsModule.forRoot({ clock, registry })],
      controllers: [
        HomeController,
        PriceController,
        LatestController,
        ExplainController,
        PayloadController,
        GapController,
        TickerController,
        AssetController,
        HealthController,
      ],
      providers: [
        { provide: API_SETTINGS, useValue: settings },
        { provide: CLOCK, useValue: now },
        { provide: WATCH_DATABASE, useValue: stores.watchReader },
        { provide: ReaderCheck, useValue: stores.check },
        { provide: ClockWatch, useValue: clock },
        { provide: ReadinessWatch, useValue: readiness },
        { provide: PriceLineReader, useValue: new PriceLineReader(database) },
        { provide: PriceReader, useValue: new PriceReader(database) },
        { provide: ExplainReader, useValue: new ExplainReader(database) },
        { provide: PayloadReader, useValue: new PayloadReader(database) },
        { provide: GapReader, useValue: new GapReader(database) },
        { provide: LatestSampleReader, useValue: new LatestSampleReader(database, COINGECKO_IDS) },
        { provide: AssetReader, useValue: new AssetReader(database) },
        { provide: IngestionReader, useValue: new IngestionReader(database) },
        { provide: TickerReader, useValue: new TickerReader(database) },
        HealthService,
        LatestPrices,
        QueryReader,
        RecentLinesReader,
        StreamSender,
        TickerDirectory,
      ],
    };
  }
}
