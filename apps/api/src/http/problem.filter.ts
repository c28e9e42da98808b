import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '@app/observability';
import { DatabaseUnavailableError } from '@app/storage';
import { plainProblem, ProblemError, unavailable } from './problem.js';

/** Answers every failure with a problem document; what nobody foresaw is logged in full and answered with one sentence. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = problemOf(error);
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

/** Turns anything that was thrown into the problem that the client may see. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DatabaseUnavailableError) return unavailable('The database does not answer; ask again shortly.');
  const status = statusOf(error);
  if (status === 404)
    return new ProblemError(plainProblem(404, 'Not found', 'There is nothing here; / and /docs list what there is.'));
  if (status !== undefined && status < 500) {
    const title = STATUS_CODES[status] ?? 'Bad request';
    return new ProblemError(plainProblem(status, title, error instanceof Error ? error.message : title));
  }
  return new ProblemError(
    plainProblem(500, 'Internal error', 'This is a fault of the API; its log tells more under the request id.'),
  );
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of fastify itself, e.g. a path with broken percent-encoding.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : undefined;
}

function pathOf(request: FastifyRequest): string {
  const [path = '/'] = request.url.split('?', 1);
  return path.slice(0, MAX_INSTANCE_LENGTH);
}

/** Longest path that is repeated in an answer, in characters. */
const MAX_INSTANCE_LENGTH = 200;
