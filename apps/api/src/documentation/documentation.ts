import { applyDecorators } from '@nestjs/common';
import { ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { QueryParameter } from '../http/query-parameters.js';

/** An answer as the documentation shows it: its JSON schema and an example. */
export interface DocumentedAnswer {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example: unknown;
}

/** Name of the schema of problem documents among the components. */
export const PROBLEM_SCHEMA = 'Problem';

const PROBLEM_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'Wrong parameters: every one of them is named.',
  404: 'The ticker is not known or has no price yet, or the body is not kept.',
  503: 'The database is away, or its schema is not the one of this build; `Retry-After` says when to ask again.',
};

/** Documents query parameters. */
export function ApiParameters(parameters: Readonly<Record<string, QueryParameter<unknown>>>) {
  return applyDecorators(
    ...Object.entries(parameters).map(([name, { schema, documentation }]) =>
      ApiQuery({
        name,
        required: !schema.safeParse(undefined).success,
        description: documentation.description,
        schema: {
          ...documentation.schema,
          ...(documentation.example === undefined ? {} : { example: documentation.example }),
        },
      }),
    ),
  );
}

/** Documents the answer of a request that succeeds. */
export function ApiAnswer({ description, schema, example }: DocumentedAnswer) {
  return ApiResponse({ status: 200, description, content: { 'application/json': { schema, example } } });
}

/** Documents problem documents. */
export function ApiProblems(...statuses: readonly number[]) {
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: PROBLEM_DESCRIPTIONS[status] ?? '',
        content: { 'application/problem+json': { schema: { $ref: `#/components/schemas/${PROBLEM_SCHEMA}` } } },
      }),
    ),
  );
}
