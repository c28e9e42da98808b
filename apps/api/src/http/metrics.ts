import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { Pool } from '@app/storage';
import type { ReadinessWatch } from '@app/process';
import type { StreamSender } from '../prices/stream.sender.js';

/** What the metrics are read from. */
export interface MetricSources {
  readonly pool: Pool;
  readonly readiness: ReadinessWatch;
  readonly sender: StreamSender;
}

/** A latest price takes about a millisecond, a year of prices about a second. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Measures readiness, long answers and connections to the database. */
export function measureApi(registry: Registry, { pool, readiness, sender }: MetricSources): void {
  gauge(registry, 'tidemark_api_ready', 'Whether stored prices can be served (1) or not (0)', () =>
    readiness.findings().length === 0 ? 1 : 0,
  );
  gauge(registry, 'tidemark_api_streams', 'Long answers being sent', () => sender.streams);
  gauge(registry, 'tidemark_database_connections', 'Open connections to the database', () => pool.totalCount);
  gauge(registry, 'tidemark_database_connections_idle', 'Connections that wait for work', () => pool.idleCount);
  gauge(registry, 'tidemark_database_requests_waiting', 'Requests that wait for a connection', () => pool.waitingCount);
}

/** Measures every request by method, route template and status; none of these comes from the client as it is. */
export function measureRequests(fastify: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'tidemark_http_request_duration_seconds',
    help: 'Time from request to the last byte of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [registry],
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const method = ['GET', 'HEAD'].includes(request.method) ? request.method : 'other';
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    durations.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
