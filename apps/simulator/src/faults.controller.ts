import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { FaultBoard, MOST_ACTIVE_FAULTS, type ActiveFault } from './fault-board.js';
import { faultSchema, type Fault } from './fault.js';
import { badRequest, conflict, notFound } from './problem.js';

/** Faults on demand. */
@Controller('simulator/faults')
export class FaultsController {
  constructor(@Inject(FaultBoard) private readonly board: FaultBoard) {}

  @Post()
  start(@Body({ schema: faultSchema }) fault: Fault): object {
    const started = this.board.start(fault);
    if (started === undefined) throw conflict(`${MOST_ACTIVE_FAULTS} faults are active; end some first`);
    return view(started);
  }

  @Get()
  list(): object {
    return { faults: this.board.list().map(view) };
  }

  @Delete()
  endAll(): object {
    return { ended: this.board.end() };
  }

  @Delete(':id')
  endOne(@Param('id') idText: string): object {
    if (!/^\d{1,15}$/.test(idText)) throw badRequest([{ field: 'id', problem: 'must be the number of a fault' }]);
    const ended = this.board.end(Number(idText));
    if (ended.length === 0) throw notFound(`no active fault ${idText}: it has ended, or never was`);
    return { ended };
  }
}

function view({ id, fault, startedAt, calls }: ActiveFault): object {
  return { id, ...fault, started_at: startedAt, ends_at: startedAt + fault.seconds, calls };
}
