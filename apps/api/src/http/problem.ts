/** One wrong parameter of a request. */
export interface ParameterError {
  readonly parameter: string;
  readonly detail: string;
}

/** What went wrong, in the words of RFC 9457; `instance` and `request_id` are added when it is sent. */
export interface Problem {
  /** `about:blank` where the status says it all, else a name of ours that stays as it is. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly ParameterError[] | undefined;
}

/** Thrown to answer a request with a problem document. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  /** @param headers sent with it, e.g. `retry-after` in seconds. */
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
  }
}

/** Seconds after which asking again makes sense when the database is away; it is looked for every second. */
export const RETRY_AFTER_SECONDS = 2;

/** 400 that names every wrong parameter. */
export function invalidParameters(errors: readonly ParameterError[]): ProblemError {
  const detail = errors.map((error) => `${error.parameter} ${error.detail}`).join('; ');
  const type = 'urn:tidemark:problem:invalid-parameters';
  return new ProblemError({ type, title: 'Invalid parameters', status: 400, detail, errors });
}

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

/** A problem that its HTTP status describes. */
export function plainProblem(status: number, title: string, detail: string): Problem {
  return { type: 'about:blank', title, status, detail };
}
