import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBody, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

/** What a route answers: the one description of it. The OpenAPI document follows from it, and tests hold every reply against it. */
export interface RouteAnswer<Schema extends z.ZodType = z.ZodType> {
  readonly description: string;
  /** Of strict objects, so that a field too many is found; its `id` names it in the document. */
  readonly schema: Schema;
  readonly example: z.output<Schema>;
  /** HTTP statuses that it comes with; 200 without them. */
  readonly statuses?: readonly number[];
  /** Examples of statuses for which `example` is none. */
  readonly examples?: Readonly<Record<number, z.output<Schema>>>;
  /** Media type; `application/json` without it. */
  readonly mediaType?: string;
}

/** What a route takes. */
export interface RouteBody<Schema extends z.ZodType = z.ZodType> {
  readonly description: string;
  /** Its `id` names it in the document. */
  readonly schema: Schema;
  readonly example: z.input<Schema>;
  /** Whether there must be one; true without it. */
  readonly required?: boolean;
}

/** Under this the body of a handler is found. */
export const ROUTE_BODY = 'tidemark:route-body';

/** Documents what a handler takes as its body. */
export function ApiRequest<Schema extends z.ZodType>(body: RouteBody<Schema>) {
  const { description, schema, example, required = true } = body;
  const reference = referenceTo(schema);
  return applyDecorators(
    SetMetadata(ROUTE_BODY, body),
    ApiBody({ description, required, schema: { ...reference, example } }),
  );
}

/** Under this the answer of a handler is found. */
export const ROUTE_ANSWER = 'tidemark:route-answer';

/** Documents what a handler answers. */
export function ApiAnswer<Schema extends z.ZodType>(answer: RouteAnswer<Schema>) {
  const { description, schema, example, examples = {}, statuses = [200], mediaType = 'application/json' } = answer;
  return applyDecorators(
    SetMetadata(ROUTE_ANSWER, answer),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description,
        content: { [mediaType]: { schema: referenceTo(schema), example: examples[status] ?? example } },
      }),
    ),
  );
}

/** Where a schema of this name stands in an OpenAPI document. */
export function componentPath(name: string): string {
  return `#/components/schemas/${name}`;
}

/** A reference to a named schema; text needs no name. @throws Error when another schema has none. */
export function referenceTo(schema: z.ZodType) {
  const name = schema.meta()?.id;
  if (name !== undefined) return { $ref: componentPath(name) };
  if (schema instanceof z.ZodString) return { type: 'string' };
  throw new Error('the schema of an answer needs a name: .meta({ id })');
}
