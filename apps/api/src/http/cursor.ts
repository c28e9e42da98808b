/** Something that makes two questions different: a cursor belongs to one of them. */
export type CursorKey = readonly (string | number | null)[];

/** Longest cursor accepted, in characters; ours are shorter. */
export const MAX_CURSOR_LENGTH = 300;

/** Says of a text that it is no cursor: the rest of a sentence that begins with the name of the parameter. */
export const NO_CURSOR = 'is not a cursor: give back the `next` of an earlier answer as it was';

/** Raised when a cursor's content changes its meaning, so that old ones are refused. */
const VERSION = 1;

/** A cursor: the question it belongs to and where its answer goes on. */
export interface Cursor {
  readonly key: CursorKey;
  readonly position: number;
}

/** Makes the opaque text of a cursor. */
export function encodeCursor({ key, position }: Cursor): string {
  return Buffer.from(JSON.stringify([VERSION, position, ...key])).toString('base64url');
}

/** Reads a cursor. @returns undefined when the text is none of ours. */
export function decodeCursor(text: string): Cursor | undefined {
  const content = parseJson(Buffer.from(text, 'base64url').toString());
  if (!Array.isArray(content) || Buffer.from(JSON.stringify(content)).toString('base64url') !== text) return undefined;
  const [version, position, ...key] = content as unknown[];
  if (version !== VERSION || typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) {
    return undefined;
  }
  return key.every(isKeyPart) ? { key, position } : undefined;
}

function isKeyPart(part: unknown): part is string | number | null {
  return part === null || typeof part === 'string' || typeof part === 'number';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
