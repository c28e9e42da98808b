import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { schemaFaults } from './schema-faults.js';

/** Thrown when a YAML file cannot be used; the message names the setting, the file and every fault in it. */
export class YamlFileError extends Error {
  override readonly name: string = 'YamlFileError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  /** @param of what the faults are in: `CATALOGUE_FILE tickers.yaml`. */
  constructor(of: string, faults: readonly string[], options?: ErrorOptions) {
    // What YAML says of a fault has a piece of the file below it.
    const items = faults.map((fault) => `  - ${fault.trimEnd().replaceAll(/\n+/g, '\n    ')}`);
    super(`${of} is not usable:\n${items.join('\n')}`, options);
  }
}

/** The error of one kind of file. */
type ErrorOfFile = new (...of: ConstructorParameters<typeof YamlFileError>) => YamlFileError;

/** How a file is read. */
export interface YamlFileOptions<T> {
  /** What the file is in errors: the setting and its value. */
  readonly of: string;
  readonly schema: z.ZodType<T>;
  /** What the schema cannot see, of a file that fits it: the path of the field, and a sentence. */
  readonly faultsOf?: (value: T) => readonly { readonly parameter: string; readonly sentence: string }[];
  readonly error: ErrorOfFile;
}

/** Reads the text of the file that a setting names. @throws the error, with the cure. */
export async function readSettingFile(setting: string, file: string, error: ErrorOfFile): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(cause);
    const cure =
      code === 'ENOENT'
        ? `it is not there (ENOENT): name a file that is, or leave ${setting} out`
        : `it cannot be read (${code}): let the user that runs Tidemark read it`;
    throw new error(`${setting} ${file}`, [cure], { cause });
  }
}

/** Reads YAML by a schema. @throws the error, with every fault, and where in the file it is. */
export function readYaml<T>(text: string, { of, schema, faultsOf = () => [], error }: YamlFileOptions<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const unreadable = document.errors.map(({ message }) => message);
  if (unreadable.length > 0) throw new error(of, unreadable, { cause: document.errors[0] });
  const result = schema.safeParse(valueOf(document, { of, error }));
  const faults = result.success
    ? faultsOf(result.data)
    : schemaFaults(result.error).map(({ parameter, detail }) => ({
        parameter,
        sentence: `${parameter || 'the file'}: ${detail}`,
      }));
  if (result.success && faults.length === 0) return result.data;
  throw new error(
    of,
    faults.map(({ parameter, sentence }) => `${sentence}${placeOf(parameter, document, lines)}`),
  );
}

/** @throws the error for an alias that leads nowhere, or to too much. */
function valueOf(document: Document, { of, error }: Pick<YamlFileOptions<unknown>, 'of' | 'error'>): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new error(of, [cause instanceof Error ? cause.message : String(cause)], { cause });
  }
}

/** Where a field is in the file, or where it should be: ` (line 3, column 5)`. */
function placeOf(parameter: string, document: Document, lines: LineCounter): string {
  const steps = parameter.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  for (let length = steps.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(steps.slice(0, length), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return ` (line ${line}, column ${col})`;
  }
  return '';
}
