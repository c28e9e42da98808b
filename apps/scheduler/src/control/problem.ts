import { unknownTickerFault } from '@app/domain';
import { invalidParameters, plainProblem, ProblemError, type ProblemRules } from '@app/process/server';
import { isTransientDatabaseError } from '@app/storage';
import { CatalogueError } from '../catalogue/resolve-ticker.js';

/** How the control API answers what fails. */
export const CONTROL_PROBLEMS: ProblemRules = {
  known: (error) => {
    if (error instanceof CatalogueError) {
      return invalidParameters(error.faults.map((detail) => ({ parameter: 'sources', detail })));
    }
    return isDatabaseAway(error) ? databaseAway() : undefined;
  },
  notFound: plainProblem(404, 'There is nothing here: GET /tickers lists the catalogue, /queues is the board.'),
  fault: plainProblem(500, 'This is a fault of the scheduler; its log tells more under the request id.'),
};

/** 404 for a ticker that was never catalogued. @param known the tickers that were. */
export function unknownTicker(written: string, known: readonly string[]): ProblemError {
  const errors = [{ parameter: 'ticker', detail: unknownTickerFault(written, known) }];
  const type = 'urn:tidemark:problem:unknown-ticker';
  return new ProblemError({ type, title: 'Unknown ticker', status: 404, detail: errors[0]?.detail ?? '', errors });
}

/** 503 while the database does not answer. */
export function databaseAway(): ProblemError {
  return plainProblem(503, 'The database does not answer; ask again shortly.');
}

/** 409 for what cannot be done as things stand. */
export function conflict(detail: string): ProblemError {
  return plainProblem(409, detail);
}

/** 403 for what the login alone does not allow. */
export function forbidden(detail: string): ProblemError {
  return plainProblem(403, detail);
}

/** 415 for a body that is no JSON. */
export function unsupportedBody(): ProblemError {
  return plainProblem(415, 'A body must be JSON, sent with Content-Type: application/json.');
}

/** An error without a code may be anything; those of a broken connection say so. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || !isTransientDatabaseError(error)) return false;
  return 'code' in error || /connect|timeout/i.test(error.message);
}
