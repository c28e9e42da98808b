import { Controller, Get, Header, HttpStatus, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { register, Registry } from '@prometheus-io/client';
import type { FastifyReply } from 'fastify';
import type { ClockWatch } from '../clock-watch.js';
import { exportClockOffset } from './clock-gauge.js';
import { collectProcessMetrics } from './process-metrics.js';

/** Answers why a process is not ready, one sentence each; empty when it is. */
export type ReadinessAnswer = () => readonly string[];

/** What Prometheus asks of a process: how it is doing. */
@Controller()
export class MetricsController {
  constructor(private readonly registry: Registry) {}

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}

/** What is measured of a process. */
export interface MetricsOptions {
  /** Its offset is exported; without one the process compares its clock with nobody's. */
  readonly clock?: ClockWatch;
  /** What is served; without it the metrics that are declared beside what they count. */
  readonly registry?: Registry;
}

/** Adds `/metrics` to an app, with what is said of every process. */
@Module({})
export class MetricsModule {
  static forRoot({ clock, registry = register }: MetricsOptions): DynamicModule {
    collectProcessMetrics(registry);
    if (clock !== undefined) exportClockOffset(registry, clock);
    return {
      module: MetricsModule,
      controllers: [MetricsController],
      providers: [{ provide: Registry, useValue: registry }],
    };
  }
}

const READINESS = Symbol('readiness');

/** What an orchestrator asks of a process: is it alive, and is it ready. */
@Controller()
export class ProbesController {
  constructor(@Inject(READINESS) private readonly readiness: ReadinessAnswer) {}

  @Get('livez')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const reasons = this.readiness();
    await reply
      .status(reasons.length === 0 ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
      .send({ status: reasons.length === 0 ? 'ok' : 'unready', reasons });
  }
}

/** What is asked of a process from outside. */
export interface OperationsOptions extends MetricsOptions {
  readonly readiness: ReadinessAnswer;
}

/** Adds `/livez`, `/readyz` and `/metrics` to an app. The API, which documents its probes, has those of its own. */
@Module({})
export class OperationsModule {
  static forRoot({ readiness, ...metrics }: OperationsOptions): DynamicModule {
    return {
      module: OperationsModule,
      imports: [MetricsModule.forRoot(metrics)],
      controllers: [ProbesController],
      providers: [{ provide: READINESS, useValue: readiness }],
    };
  }
}
