import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { isTransientDatabaseError } from '@app/storage';
import { CatalogueError } from '../catalogue/resolve-ticker.js';
import type { Fault } from '../catalogue/schema-faults.js';

/** What went wrong, in the words of RFC 9457; `instance` and `request_id` are added when it is sent. */
export interface Problem {
  /** `about:blank` where the status says it all, else a name of ours that stays as it is. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Fault[] | undefined;
}

/** Thrown to answer a request with a problem document. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The first faults say enough; a body may hold thousands. */
const MOST_ERRORS = 20;

/** 400 that names every wrong field. */
export function invalidRequest(faults: readonly Fault[]): ProblemError {
  const errors = faults
    .slice(0, MOST_ERRORS)
    .map(({ parameter, detail }) => ({ parameter: parameter === '' ? 'body' : parameter, detail }));
  const detail = errors.map((error) => `${error.parameter} ${error.detail}`).join('; ');
  const type = 'urn:tidemark:problem:invalid-parameters';
  return new ProblemError({ type, title: 'Invalid parameters', status: 400, detail, errors });
}

/** 404 for a ticker that was never catalogued. */
export function unknownTicker(ticker: string): ProblemError {
  const errors = [{ parameter: 'ticker', detail: `${ticker} is not known: GET /tickers lists them` }];
  const type = 'urn:tidemark:problem:unknown-ticker';
  return new ProblemError({ type, title: 'Unknown ticker', status: 404, detail: errors[0]?.detail ?? '', errors });
}

/** 409 for what cannot be done as things stand. */
export function conflict(detail: string): ProblemError {
  return new ProblemError({ type: 'about:blank', title: 'Conflict', status: 409, detail });
}

/** 403 for what the login alone does not allow. */
export function forbidden(detail: string): Problem {
  return plain(403, detail);
}

/** 415 for a body that is no JSON. */
export function unsupportedBody(): Problem {
  return plain(415, 'A body must be JSON, sent with Content-Type: application/json.');
}

/** Turns anything that was thrown into what the client may see. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof CatalogueError) {
    return invalidRequest(error.faults.map((detail) => ({ parameter: 'sources', detail }))).problem;
  }
  const status = statusOf(error);
  if (status === 404)
    return plain(404, 'There is nothing here: GET /tickers lists the catalogue, /queues is the board.');
  if (status !== undefined && status < 500) return plain(status, error instanceof Error ? error.message : '');
  if (isDatabaseAway(error)) return plain(503, 'The database does not answer; ask again shortly.');
  return plain(500, 'This is a fault of the scheduler; its log tells more under the request id.');
}

function plain(status: number, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of fastify itself: a body that is no JSON, a login that is missing.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : undefined;
}

/** An error without a code may be anything; those of a broken connection say so. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || !isTransientDatabaseError(error)) return false;
  return 'code' in error || /connect|timeout/i.test(error.message);
}
