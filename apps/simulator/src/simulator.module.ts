import { Module, type DynamicModule } from '@nestjs/common';
import { OperationsModule } from '@app/process/server';
import { CallLog } from './calls/call-log.js';
import { CallRates } from './calls/call-rates.js';
import { CallsController } from './calls/calls.controller.js';
import { SourceCalls, type CallParts } from './calls/source-calls.service.js';
import { FaultBoard } from './faults/fault-board.js';
import { FaultsController } from './faults/faults.controller.js';
import { MarketController } from './market/market.controller.js';
import { MarketEvents } from './market/market-event.js';
import { PriceBook } from './market/price-book.js';
import { TruthController } from './market/truth.controller.js';
import { SourcesController } from './sources/sources.controller.js';

/** What the simulator is put together from. */
export interface SimulatorParts extends CallParts {
  readonly events: MarketEvents;
}

/** The simulated sources with their control. */
@Module({})
export class SimulatorModule {
  /** The module around the given parts. */
  static around(parts: SimulatorParts): DynamicModule {
    return {
      module: SimulatorModule,
      // The simulator depends on nothing: it is ready as soon as it listens.
      imports: [OperationsModule.forRoot({ readiness: () => [] })],
      controllers: [SourcesController, FaultsController, CallsController, MarketController, TruthController],
      providers: [
        { provide: PriceBook, useValue: parts.prices },
        { provide: CallLog, useValue: parts.log },
        { provide: CallRates, useValue: parts.rates },
        { provide: FaultBoard, useValue: parts.faults },
        { provide: MarketEvents, useValue: parts.events },
        { provide: SourceCalls, useValue: new SourceCalls(parts) },
      ],
    };
  }
}
