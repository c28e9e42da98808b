import { z } from 'zod';

/** Name of the schema of problem documents among the components. */
export const PROBLEM_SCHEMA = 'Problem';

/** A problem document of RFC 9457, as every failure is answered. */
export const problemSchema = z
  .strictObject({
    type: z
      .string()
      .meta({ format: 'uri' })
      .describe('What kind of problem it is, for programs; `about:blank` when the status says it all'),
    title: z.string().describe('The kind for people; the same for every problem of a type'),
    status: z.int().min(400).max(599).describe('The HTTP status'),
    detail: z.string().describe('What is wrong with this request, and what can be done'),
    instance: z.string().regex(/^\//).describe('The path that was asked for'),
    request_id: z.string().min(1).describe('Also the header `x-request-id`; the log names it'),
    errors: z
      .array(
        z.strictObject({
          parameter: z.string().describe('Name of the parameter, or path to the field of a body; `body` for all of it'),
          detail: z.string().describe('What is wrong with it'),
        }),
      )
      .optional()
      .describe('Every wrong parameter'),
  })
  .meta({ id: PROBLEM_SCHEMA, description: 'What went wrong (RFC 9457).' });
