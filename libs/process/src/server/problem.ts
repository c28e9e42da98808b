import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';

/** One wrong parameter or field of a request. */
export interface ParameterError {
  /** Its name, or the path to it, e.g. `sources.0.source_symbol`; empty when the body as a whole is wrong. */
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

/** How a process answers what fails. */
export interface ProblemRules {
  /** Answers an error that this process knows; undefined for every other one. */
  readonly known?: (error: unknown) => ProblemError | undefined;
  /** Answers what there is no route for. */
  readonly notFound: ProblemError;
  /** Answers what nobody foresaw; the log says more. */
  readonly fault: ProblemError;
}

/**
 * A problem that its HTTP status describes.
 * @param title the standard phrase of the status without it.
 * @param headers sent with it.
 */
export function plainProblem(
  status: number,
  detail: string,
  title = STATUS_CODES[status] ?? 'Error',
  headers: Readonly<Record<string, string>> = {},
): ProblemError {
  return new ProblemError({ type: 'about:blank', title, status, detail }, headers);
}

/** The first errors say enough; a body may hold thousands. */
const MOST_ERRORS = 20;

/** 400 that names every wrong parameter. */
export function invalidParameters(wrong: readonly ParameterError[]): ProblemError {
  const errors = wrong
    .slice(0, MOST_ERRORS)
    .map(({ parameter, detail }) => ({ parameter: parameter === '' ? 'body' : parameter, detail }));
  const detail = errors.map((error) => `${error.parameter} ${error.detail}`).join('; ');
  const type = 'urn:tidemark:problem:invalid-parameters';
  return new ProblemError({ type, title: 'Invalid parameters', status: 400, detail, errors });
}

/** Turns anything that was thrown into the problem that the client may see. */
export function problemOf(error: unknown, rules: ProblemRules): ProblemError {
  if (error instanceof ProblemError) return error;
  const status = statusOf(error);
  if (status === 404) return rules.notFound;
  if (status !== undefined && status < 500) return plainProblem(status, error instanceof Error ? error.message : '');
  return rules.known?.(error) ?? rules.fault;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Errors of fastify itself: a body that is no JSON, a path with broken percent-encoding, a login that is missing.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : undefined;
}
