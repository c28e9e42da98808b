import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { conflict, notFound } from '../problem.js';
import { idOf, simulatedName } from '../request-fields.js';
import { FaultStore, MOST_ACTIVE_FAULTS, type ActiveFault } from './fault-store.js';
import { faultSchema, type Fault } from './fault.js';

const listQuery = z.strictObject({
  /** `true` lists the last faults that have ended instead. */
  ended: z.enum(['true', 'false']).default('false'),
});

/** A fault of a source that is simulated. */
const faultBody = faultSchema.superRefine(({ source }, context) => {
  const problem = simulatedName().optional().safeParse(source).error?.issues[0]?.message;
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['source'], message: problem });
});

/** Faults on demand, at once or planned. */
@Controller('simulator/faults')
export class FaultsController {
  constructor(@Inject(FaultStore) private readonly store: FaultStore) {}

  @Post()
  start(@Body({ schema: faultBody }) fault: Fault): object {
    const started = this.store.start(fault);
    if (started === undefined) throw conflict(`${MOST_ACTIVE_FAULTS} faults are active; end some first`);
    return view(started);
  }

  @Get()
  list(@Query({ schema: listQuery }) { ended }: z.output<typeof listQuery>): object {
    return { faults: (ended === 'true' ? this.store.ended() : this.store.list()).map(view) };
  }

  @Delete()
  endAll(): object {
    return { ended: this.store.end() };
  }

  @Delete(':id')
  endOne(@Param('id') idText: string): object {
    const ended = this.store.end(idOf(idText, 'a fault'));
    if (ended.length === 0) throw notFound(`no active fault ${idText}: it has ended, or never was`);
    return { ended };
  }
}

function view({ id, fault, state, startedAt, endsAt, calls }: ActiveFault): object {
  return { id, ...fault, state, started_at: startedAt, ends_at: endsAt, calls };
}
