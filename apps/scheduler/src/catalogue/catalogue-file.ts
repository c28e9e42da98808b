import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { schemaFaults } from './schema-faults.js';
import { catalogueFileSchema, tickerRequestSchema, type TickerRequest } from './ticker-request.js';

/** What is sampled when nobody says otherwise. */
export const DEFAULT_CATALOGUE: readonly TickerRequest[] = ['btc_usd', 'eth_usd'].map((ticker) =>
  tickerRequestSchema.parse({ ticker }),
);

/** Thrown when the catalogue file cannot be used; the message names the file and every fault in it. */
export class CatalogueFileError extends Error {
  override readonly name = 'CatalogueFileError';
  readonly exitStatus = 2;

  constructor(file: string, faults: readonly string[], options?: ErrorOptions) {
    // What YAML says of a fault has a piece of the file below it.
    const items = faults.map((fault) => `  - ${fault.trimEnd().replaceAll(/\n+/g, '\n    ')}`);
    super(`CATALOGUE_FILE ${file} is not usable:\n${items.join('\n')}`, options);
  }
}

/** Reads the tickers of a YAML file. @throws CatalogueFileError with every fault, and where in the file it is. */
export async function readCatalogueFile(file: string): Promise<TickerRequest[]> {
  const lines = new LineCounter();
  const document = parseDocument(await textOf(file), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined)
    throw new CatalogueFileError(
      file,
      document.errors.map(({ message }) => message),
    );
  const result = catalogueFileSchema.safeParse(valueOf(document, file));
  if (!result.success) {
    throw new CatalogueFileError(
      file,
      schemaFaults(result.error).map(
        ({ parameter, detail }) => `${parameter || 'the file'}: ${detail}${placeOf(parameter, document, lines)}`,
      ),
    );
  }
  const names = result.data.tickers.map((request) => request.ticker);
  const doubled = names.flatMap((name, index) => (names.indexOf(name) === index ? [] : [{ name, index }]));
  if (doubled.length > 0) {
    throw new CatalogueFileError(
      file,
      doubled.map(({ name, index }) => `${name} is listed twice${placeOf(`tickers.${index}`, document, lines)}`),
    );
  }
  return result.data.tickers;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
    const cure =
      code === 'ENOENT'
        ? 'it is not there (ENOENT): name a file that is, or leave CATALOGUE_FILE out'
        : `it cannot be read (${code}): let the user that runs Tidemark read it`;
    throw new CatalogueFileError(file, [cure], { cause: error });
  }
}

/** @throws CatalogueFileError for an alias that leads nowhere, or to too much. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new CatalogueFileError(file, [error instanceof Error ? error.message : String(error)], { cause: error });
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
