import { Controller, Get, Inject, Query, Res, Version } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DatabaseWatch } from './database.watch.js';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { HEALTH_ANSWER, LIVE_ANSWER, READY_ANSWER } from './health.answer.js';
import { HealthService, type HealthReport } from './health.service.js';
import { unavailable } from '../http/problem.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { READY_PARAMETERS } from './ready.parameters.js';

/** Whether the process lives, is ready, and how the system is. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    @Inject(HealthService) private readonly health: HealthService,
    @Inject(DatabaseWatch) private readonly watch: DatabaseWatch,
    @Inject(QueryReader) private readonly queries: QueryReader,
  ) {}

  @Get('livez')
  @ApiOperation({ summary: 'Whether the process lives; asks nobody else' })
  @ApiAnswer(LIVE_ANSWER)
  livez(): unknown {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'Whether the API can serve: database, schema, mode, clock' })
  @ApiParameters(READY_PARAMETERS)
  @ApiAnswer(READY_ANSWER)
  @ApiProblems(400, 503)
  readyz(@Query() query: RawQuery): unknown {
    const { latched } = this.queries.read(READY_PARAMETERS, query);
    const reasons = latched ? this.watch.latchedReasons() : this.watch.reasons();
    if (reasons.length > 0) throw unavailable(`Not ready: ${reasons.join('; ')}.`);
    const { role } = this.watch.current();
    const { measured } = this.watch.clockOffset();
    return { status: 'ready', role, clock_offset_ms: measured?.offsetMs };
  }

  @Get('health')
  @Version(VERSIONS)
  @ApiOperation({ summary: 'How database, clock and sampling are', description: '503 when prices cannot be served.' })
  @ApiAnswer(HEALTH_ANSWER)
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = await this.health.report();
    void reply.status(report.status === 'down' ? 503 : 200);
    return report;
  }
}
