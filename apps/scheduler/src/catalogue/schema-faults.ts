import type { ParameterError } from '@app/process/server';
import type { z } from 'zod';

/** Every fault that a schema found, each with the path of its field; an unknown field is a fault of its own. */
export function schemaFaults(error: z.ZodError): ParameterError[] {
  return error.issues.flatMap((issue): ParameterError[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ parameter: [...path, key].join('.'), detail: 'is not a known field' }));
    }
    return [{ parameter: path.join('.'), detail: issue.message }];
  });
}
