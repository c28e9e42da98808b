import { Module, type DynamicModule } from '@nestjs/common';
import { OperationsModule } from '@app/observability';
import { CallLog } from './call-log.js';
import { CallsController } from './calls.controller.js';
import { CoingeckoController } from './coingecko.controller.js';
import { DeribitController } from './deribit.controller.js';
import { FaultBoard } from './fault-board.js';
import { FaultsController } from './faults.controller.js';
import { PriceBook } from './price-book.js';
import { SourceCalls, type Clock } from './source-calls.service.js';
import { CLOCK } from './tokens.js';
import { TruthController } from './truth.controller.js';

/** What the simulator is put together from. */
export interface SimulatorParts {
  readonly prices: PriceBook;
  readonly log: CallLog;
  readonly faults: FaultBoard;
  readonly now: Clock;
}

/** The simulated sources with their control. */
@Module({})
export class SimulatorModule {
  /** The module around the given parts. */
  static around({ prices, log, faults, now }: SimulatorParts): DynamicModule {
    return {
      module: SimulatorModule,
      // The simulator depends on nothing: it is ready as soon as it listens.
      imports: [OperationsModule.forRoot(() => [])],
      controllers: [DeribitController, CoingeckoController, FaultsController, CallsController, TruthController],
      providers: [
        { provide: CLOCK, useValue: now },
        { provide: PriceBook, useValue: prices },
        { provide: CallLog, useValue: log },
        { provide: FaultBoard, useValue: faults },
        { provide: SourceCalls, useValue: new SourceCalls(log, faults, now) },
      ],
    };
  }
}
