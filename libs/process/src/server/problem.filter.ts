import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { problemOf, type ProblemError, type ProblemRules } from './problem.js';

/** Answers every failure with a problem document; what nobody foresaw is logged in full and answered with one sentence. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly rules: ProblemRules,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = problemOf(error, this.rules);
    if (problem.problem.status >= 500) {
      const fields = { event: 'request_failed', err: error, request_id: request.id, path: pathOf(request) };
      // That the database is away is logged once, by its watch, and not with every request that it fails.
      if (problem.problem.status === 503) this.logger.debug(fields, 'request could not be answered now');
      else this.logger.error(fields, 'request failed');
    }
    sendProblem(http.getResponse<FastifyReply>(), request, problem);
  }
}

/** Sends a problem document. */
export function sendProblem(reply: FastifyReply, request: FastifyRequest, { problem, headers }: ProblemError): void {
  const document = { ...problem, instance: pathOf(request), request_id: request.id };
  void reply
    .status(problem.status)
    .headers(headers)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(document));
}

function pathOf(request: FastifyRequest): string {
  const [path = '/'] = request.url.split('?', 1);
  return path.slice(0, MAX_INSTANCE_LENGTH);
}

/** Longest path that is repeated in an answer, in characters. */
const MAX_INSTANCE_LENGTH = 200;
