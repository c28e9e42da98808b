import { Controller, Get, Header, HttpStatus, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { register } from '@prometheus-io/client';
import { collectProcessMetrics } from './process-metrics.js';

/** Answers why a process is not ready, one sentence each; empty when it is. */
export type ReadinessAnswer = () => Promise<readonly string[]> | readonly string[];

const READINESS = Symbol('readiness');

/** What an orchestrator and Prometheus ask of a process: is it alive, is it ready, how is it doing. */
@Controller()
export class OperationsController {
  constructor(@Inject(READINESS) private readonly readiness: ReadinessAnswer) {}

  @Get('livez')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const reasons = await this.readiness();
    await reply
      .status(reasons.length === 0 ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
      .send({ status: reasons.length === 0 ? 'ok' : 'unready', reasons });
  }

  @Get('metrics')
  @Header('content-type', register.contentType)
  metrics(): Promise<string> {
    return register.metrics();
  }
}

/** Adds `/livez`, `/readyz` and `/metrics` to an app. */
@Module({})
export class OperationsModule {
  static forRoot(readiness: ReadinessAnswer): DynamicModule {
    if (register.getSingleMetric('process_cpu_seconds_total') === undefined) collectProcessMetrics(register);
    return {
      module: OperationsModule,
      controllers: [OperationsController],
      providers: [{ provide: READINESS, useValue: readiness }],
    };
  }
}
