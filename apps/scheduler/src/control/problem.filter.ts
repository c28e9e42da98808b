import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@app/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER } from '../tokens.js';
import { problemOf, type Problem } from './problem.js';

/** Answers every failure with a problem document; what nobody foresaw is logged in full and answered with one sentence. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const fields = { event: 'request_failed', err: error, request_id: request.id, path: pathOf(request) };
      this.logger[problem.status === 503 ? 'warn' : 'error'](fields, 'request failed');
    }
    sendProblem(http.getResponse<FastifyReply>(), request, problem);
  }
}

/** Sends a problem document. */
export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem): void {
  const document = { ...problem, instance: pathOf(request), request_id: request.id };
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(document));
}

/** Longest path that is repeated in an answer, in characters. */
const MAX_INSTANCE_LENGTH = 200;

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '/').slice(0, MAX_INSTANCE_LENGTH);
}
