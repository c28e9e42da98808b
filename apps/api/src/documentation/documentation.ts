import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { describeProblems } from '@app/openapi';
import type { QueryParameter } from '../http/query-parameters.js';

/** Documents query parameters. */
export function ApiParameters(parameters: Readonly<Record<string, QueryParameter<unknown>>>) {
  return applyDecorators(
    ...Object.entries(parameters).map(([name, { schema, documentation }]) =>
      ApiQuery({
        name,
        required: documentation.required ?? !schema.safeParse(undefined).success,
        description: documentation.description,
        schema: {
          ...documentation.schema,
          ...(documentation.example === undefined ? {} : { example: documentation.example }),
        },
      }),
    ),
  );
}

/** Documents problem documents. */
export const ApiProblems = describeProblems({
  400: 'Wrong parameters: every one of them is named.',
  404: 'The ticker is not known or has no price yet, or the body is not kept.',
  503: 'The database is away, or its schema is not the one of this build; `Retry-After` says when to ask again.',
});
