import { nearNames } from '@app/domain';
import { z } from 'zod';

/** One thing that is wrong with what somebody wrote. */
export interface FieldFault {
  /** The path of the field, with points; empty for the whole. */
  readonly parameter: string;
  /** What is wrong with it, for people. */
  readonly detail: string;
}

/** Every fault that a schema found, each with the path of its field; an unknown field is a fault of its own. */
export function schemaFaults(error: z.ZodError): FieldFault[] {
  return error.issues.flatMap((issue): FieldFault[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        parameter: [...path, key].join('.'),
        detail: `${issue.message}${nearestField(key, issue.message)}`,
      }));
    }
    // What is wrong with the name of a field of one's own is said by the schema of the name.
    const detail = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ parameter: path.join('.'), detail }];
  });
}

/** Of so many letters on a name begins like another. */
const ALIKE_LETTERS = 5;

const KNOWN_FIELDS = /known are (.*)$/;

function nearestField(key: string, message: string): string {
  const known = KNOWN_FIELDS.exec(message)?.[1]?.split(', ') ?? [];
  // A name that begins like another is meant as it, however much is missing.
  const beginsAlike = known.filter((name) => name.slice(0, ALIKE_LETTERS) === key.slice(0, ALIKE_LETTERS));
  const [near] = [...beginsAlike, ...nearNames(key, known, 1)];
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** An object with these fields and no others: says what must stand where no object stands, and which fields are known. */
export function strictFields<Shape extends z.core.$ZodLooseShape>(shape: Shape, message: string) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `is not a known field; known are ${known}`
        : code === 'invalid_type'
          ? message
          : undefined,
  });
}
