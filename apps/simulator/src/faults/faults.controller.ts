import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { conflict, notFound } from '../problem.js';
import { idOf } from '../request-fields.js';
import { FaultBoard, MOST_ACTIVE_FAULTS, type ActiveFault } from './fault-board.js';
import { faultSchema, type Fault } from './fault.js';

const listQuery = z.strictObject({
  /** `true` lists the last faults that have ended instead. */
  ended: z.enum(['true', 'false']).default('false'),
});

/** Faults on demand, at once or planned. */
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
  list(@Query({ schema: listQuery }) { ended }: z.output<typeof listQuery>): object {
    return { faults: (ended === 'true' ? this.board.ended() : this.board.list()).map(view) };
  }

  @Delete()
  endAll(): object {
    return { ended: this.board.end() };
  }

  @Delete(':id')
  endOne(@Param('id') idText: string): object {
    const ended = this.board.end(idOf(idText, 'a fault'));
    if (ended.length === 0) throw notFound(`no active fault ${idText}: it has ended, or never was`);
    return { ended };
  }
}

function view({ id, fault, state, startedAt, endsAt, calls }: ActiveFault): object {
  return { id, ...fault, state, started_at: startedAt, ends_at: endsAt, calls };
}
