import type { ParameterError } from '@app/process/server';
import { encodeCursor, NO_CURSOR, type Cursor } from './cursor.js';
import type { QueryParameter } from './query-parameters.js';

/** A question whose answer comes in parts: its route, and the parameters that make it what it is, in the order of its cursors. */
export interface PagedQuestion {
  /** Path without the slash before it. */
  readonly route: string;
  readonly parts: readonly string[];
}

/** What a cursor holds of each part as it was given; undefined for one that was left open. */
export type HeldValues = Readonly<Record<string, string | number | undefined>>;

/** Makes the cursor of what is left of a question from a position on. */
export function cursorTextOf(
  { route, parts }: PagedQuestion,
  values: Readonly<Record<string, string | number | undefined>>,
  position: number,
): string {
  return encodeCursor({ key: [route, ...parts.map((part) => values[part] ?? null)], position });
}

/** The question that a cursor holds, or why it cannot go on with this one. */
export function heldBy(
  { route, parts }: PagedQuestion,
  parameters: Readonly<Record<string, QueryParameter<unknown>>>,
  { key: [from, ...values] }: Cursor,
):
  | { readonly held: HeldValues; readonly fault?: undefined }
  | { readonly held?: undefined; readonly fault: ParameterError } {
  const fault = (detail: string) => ({ fault: { parameter: 'cursor', detail } });
  if (from !== route) return fault(`goes on with an answer of /${String(from)}, and this is /${route}: give it there`);
  // Nobody signs a cursor: what it holds is read as if it had been given.
  const read = parts.map((part, index) => {
    const value = values[index];
    return [part, parameters[part]?.schema.safeParse(value === null ? undefined : String(value))] as const;
  });
  if (values.length !== parts.length || read.some(([, result]) => result?.success === false)) return fault(NO_CURSOR);
  return {
    held: Object.fromEntries(read.map(([part, result]) => [part, result?.data as string | number | undefined])),
  };
}

/** What was given beside a cursor and is not as it holds it. @param texts the parameters as they were given. */
export function contradictions(
  { parts }: PagedQuestion,
  texts: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  held: HeldValues,
): ParameterError[] {
  return parts
    .filter((part) => given[part] !== undefined && given[part] !== held[part])
    .map((part) => {
      const [text, value] = [String(texts[part]), String(given[part])];
      const said = text === value ? text : `${text} (${value})`;
      const other = held[part] === undefined ? `goes on without ${part}` : `goes on with ${held[part]}`;
      return {
        parameter: part,
        detail: `is ${said}, and the cursor ${other}: leave ${part} out to go on, or the cursor to ask anew`,
      };
    });
}
