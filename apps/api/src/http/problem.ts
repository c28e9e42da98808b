import { plainProblem, ProblemError, type ParameterError, type ProblemRules } from '@app/process/server';
import { DatabaseUnavailableError } from '@app/storage';

/** How the API answers what fails. */
export const API_PROBLEMS: ProblemRules = {
  known: (error) =>
    error instanceof DatabaseUnavailableError
      ? unavailable('The database does not answer; ask again shortly.')
      : undefined,
  notFound: plainProblem(404, 'There is nothing here; / and /docs list what there is.', 'Not found'),
  fault: plainProblem(500, 'This is a fault of the API; its log tells more under the request id.', 'Internal error'),
};

/** Seconds after which asking again makes sense when the database is away; it is looked for every second. */
export const RETRY_AFTER_SECONDS = 2;

/** 404 for a ticker that is not in the catalogue. */
export function unknownTicker(error: ParameterError): ProblemError {
  const type = 'urn:tidemark:problem:unknown-ticker';
  const detail = `${error.parameter} ${error.detail}`;
  return new ProblemError({ type, title: 'Unknown ticker', status: 404, detail, errors: [error] });
}

/** 404 for a ticker that has no price yet. */
export function noPriceYet(ticker: string): ProblemError {
  const type = 'urn:tidemark:problem:no-price-yet';
  const detail = `${ticker} has no price yet; /gaps?ticker=${ticker} tells why.`;
  return new ProblemError({ type, title: 'No price yet', status: 404, detail });
}

/** 404 for a body that is not kept. */
export function unknownPayload(sha256: string): ProblemError {
  const type = 'urn:tidemark:problem:unknown-payload';
  const detail = `There is no body with the SHA-256 ${sha256}: it was not kept, or is past its retention.`;
  return new ProblemError({ type, title: 'Unknown payload', status: 404, detail });
}

/** 503 while the stored prices cannot be read. */
export function unavailable(detail: string): ProblemError {
  const type = 'urn:tidemark:problem:unavailable';
  const headers = { 'retry-after': String(RETRY_AFTER_SECONDS) };
  return new ProblemError({ type, title: 'Service unavailable', status: 503, detail }, headers);
}
