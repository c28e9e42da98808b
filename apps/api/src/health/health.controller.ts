import { Controller, Get, Inject, Query, Res, Version } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { ClockWatch, ReadinessWatch } from '@app/process';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { noFlag, notReady } from '../documentation/problem-examples.js';
import { HEALTH_ANSWER, LIVE_ANSWER, READY_ANSWER } from './health.answer.js';
import { HealthService, type HealthReport } from './health.service.js';
import { unavailable } from '../http/problem.js';
import { ReaderCheck } from './reader.check.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { READY_PARAMETERS } from './ready.parameters.js';

/** Whether the process lives, is ready, and how the system is. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    @Inject(HealthService) private readonly health: HealthService,
    @Inject(ReadinessWatch) private readonly readiness: ReadinessWatch,
    @Inject(ReaderCheck) private readonly reader: ReaderCheck,
    @Inject(ClockWatch) private readonly clock: ClockWatch,
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
  @ApiProblems(noFlag('/readyz', 'latched'), notReady('/readyz'))
  readyz(@Query() query: RawQuery): unknown {
    const { latched } = this.queries.read(READY_PARAMETERS, query);
    const reasons = latched ? this.readiness.latchedReasons() : this.readiness.reasons();
    if (reasons.length > 0) throw unavailable(`Not ready: ${reasons.join('; ')}.`);
    return { status: 'ready', role: this.reader.role, clock_offset_ms: this.clock.offset()?.offsetMs };
  }

  @Get('health')
  @Version(VERSIONS)
  @ApiOperation({
    summary: 'How database, clock, sampling and the lists of assets are',
    description: '503 when prices cannot be served.',
  })
  @ApiAnswer(HEALTH_ANSWER)
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = await this.health.report();
    void reply.status(report.status === 'down' ? 503 : 200);
    return report;
  }
}
