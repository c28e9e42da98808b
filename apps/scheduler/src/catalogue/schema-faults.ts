import type { z } from 'zod';

/** One fault of what somebody asked for. */
export interface Fault {
  /** Path to the wrong field, e.g. `sources.0.source_symbol`; empty when the whole is wrong. */
  readonly parameter: string;
  readonly detail: string;
}

/** Every fault that a schema found, each with the path of its field; an unknown field is a fault of its own. */
export function schemaFaults(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ parameter: [...path, key].join('.'), detail: 'is not a known field' }));
    }
    return [{ parameter: path.join('.'), detail: issue.message }];
  });
}
