import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { componentPath } from './answer.js';
import { PROBLEM_SCHEMA, type problemSchema } from './problem.answer.js';

/** A problem that a route answers with, and a request that gets it. */
export interface ProblemExample {
  /** What happened, in a few words; examples of one status are told apart by it. */
  readonly summary: string;
  /** Path and query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** As an error of the application has it: without the path, and without a request id. */
  readonly problem: Omit<z.input<typeof problemSchema>, 'instance' | 'request_id'>;
}

/** Under this the problems of a handler are found. */
export const ROUTE_PROBLEMS = 'tidemark:route-problems';

/** Stands for the request id of every answer, which is another one each time. */
const REQUEST_ID = '9b2c8f6e-3a55-4f0e-9d3a-6f1f6f3c1a2b';

/** The whole document that an example is answered with. */
export function problemDocument({ path, problem }: ProblemExample): z.input<typeof problemSchema> {
  const { errors, ...said } = problem;
  const instance = path.split('?', 1)[0] ?? '/';
  return { ...said, instance, request_id: REQUEST_ID, ...(errors === undefined ? {} : { errors }) };
}

/** Makes the decorator that documents problems, each by its own document. @param descriptions what each status means in this API. */
export function describeProblems(descriptions: Readonly<Record<number, string>>) {
  return (...problems: readonly ProblemExample[]) =>
    applyDecorators(
      SetMetadata(ROUTE_PROBLEMS, problems),
      ...[...Map.groupBy(problems, ({ problem }) => problem.status)].map(([status, examples]) =>
        ApiResponse({
          status,
          description: descriptions[status] ?? '',
          content: {
            'application/problem+json': { schema: { $ref: componentPath(PROBLEM_SCHEMA) }, ...shown(examples) },
          },
        }),
      ),
    );
}

function shown(examples: readonly ProblemExample[]) {
  const [first, ...more] = examples;
  if (first !== undefined && more.length === 0) return { example: problemDocument(first) };
  return {
    examples: Object.fromEntries(
      examples.map((example) => [
        example.summary.toLowerCase().replaceAll(/\W+/g, '_'),
        { summary: example.summary, value: problemDocument(example) },
      ]),
    ),
  };
}
