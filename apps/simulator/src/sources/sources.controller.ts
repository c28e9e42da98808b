import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { SourceCalls, type HandedReply } from '../calls/source-calls.service.js';
import { notFound } from '../problem.js';
import { SIMULATED_SOURCES } from './registry.js';

/** Every simulated source, each below its name. What a source does not have is answered and logged as well. */
@Controller(':source')
export class SourcesController {
  constructor(@Inject(SourceCalls) private readonly calls: SourceCalls) {}

  @Get('*')
  answer(@Req() request: { readonly raw: IncomingMessage }, @Res() reply: HandedReply): Promise<void> {
    const name = (request.raw.url ?? '').split('/')[1];
    const source = Object.values(SIMULATED_SOURCES).find((candidate) => candidate.name === name);
    if (source === undefined) throw notFound(`there is no simulated source ${name ?? ''}`);
    return this.calls.take(source, request.raw, reply);
  }
}
