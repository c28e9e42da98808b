import {
  BadRequestException,
  ConflictException,
  NotFoundException,
  StandardSchemaValidationPipe,
} from '@nestjs/common';

/** One wrong field of a request. */
export interface WrongField {
  /** Path to it, e.g. `items.3.name`; empty when the request as a whole is wrong. */
  readonly field: string;
  readonly problem: string;
}

/** 400 that names every wrong field. */
export function badRequest(errors: readonly WrongField[]): BadRequestException {
  const detail = errors.map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`)).join('; ');
  return new BadRequestException({ title: 'Bad request', status: 400, detail, errors });
}

/** 404 for something that does not exist. */
export function notFound(detail: string): NotFoundException {
  return new NotFoundException({ title: 'Not found', status: 404, detail });
}

/** 409 for something that cannot be done now. */
export function conflict(detail: string): ConflictException {
  return new ConflictException({ title: 'Conflict', status: 409, detail });
}

/** The first faults say enough; a body may hold thousands. */
const MOST_ERRORS = 20;

/** Checks bodies and queries by the schema that stands at the parameter, and turns what is wrong into {@link badRequest}. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => badRequest(issues.flatMap(wrongFields).slice(0, MOST_ERRORS)),
  });
}

/** What a schema finds wrong, as the Standard Schema specification has it. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

function wrongFields(issue: SchemaIssue): WrongField[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  // Zod reports unknown fields at the object that holds them, with their names beside it.
  if ('keys' in issue && Array.isArray(issue.keys)) {
    return issue.keys.map((key) => ({ field: [...path, String(key)].join('.'), problem: 'is not a known field' }));
  }
  return [{ field: path.join('.'), problem: issue.message }];
}
