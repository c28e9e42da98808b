import { Module, type DynamicModule } from '@nestjs/common';
import { OperationsModule } from '@app/process/server';
import { CallLog } from './calls/call-log.js';
import { CallRates } from './calls/call-rates.js';
import { CallsController } from './calls/calls.controller.js';
import { SourceCalls, type SourceCallsOptions } from './calls/source-calls.service.js';
import { FaultStore } from './faults/fault-store.js';
import { FaultsController } from './faults/faults.controller.js';
import { MarketController } from './market/market.controller.js';
import { MarketEvents } from './market/market-event.js';
import { PriceBook } from './market/price-book.js';
import { ExpectedPricesController } from './market/expected-prices.controller.js';
import { SourcesController } from './sources/sources.controller.js';

/** What the simulator is put together from. */
export interface SimulatorModuleOptions extends SourceCallsOptions {
  readonly events: MarketEvents;
}

/** The simulated sources with their control. */
@Module({})
export class SimulatorModule {
  /** The module around the given options. */
  static around(options: SimulatorModuleOptions): DynamicModule {
    return {
      module: SimulatorModule,
      // The simulator depends on nothing: it is ready as soon as it listens.
      imports: [OperationsModule.forRoot({ readiness: () => [] })],
      controllers: [SourcesController, FaultsController, CallsController, MarketController, ExpectedPricesController],
      providers: [
        { provide: PriceBook, useValue: options.prices },
        { provide: CallLog, useValue: options.log },
        { provide: CallRates, useValue: options.rates },
        { provide: FaultStore, useValue: options.faults },
        { provide: MarketEvents, useValue: options.events },
        { provide: SourceCalls, useValue: new SourceCalls(options) },
      ],
    };
  }
}
