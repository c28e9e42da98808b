import { readFile } from 'node:fs/promises';
import type { Source } from './contract/index.js';
import { DeclarationError, readDeclarations } from './http-json-declaration.js';
import { httpJsonSource } from './http-json.js';

/** Which sources the configuration declares besides those that Tidemark brings. */
export interface SourceDeclarations {
  /** YAML file with sources of one JSON address each; see docs/sources.md. */
  readonly httpSourcesFile?: string | undefined;
}

/** Makes the sources that the configuration declares. @throws DeclarationError naming every fault at once. */
export async function readDeclaredSources({ httpSourcesFile: file }: SourceDeclarations): Promise<Source[]> {
  if (file === undefined) return [];
  return readDeclarations(await textOf(file), `HTTP_SOURCES_FILE ${file}`).map(httpJsonSource);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new DeclarationError(`HTTP_SOURCES_FILE ${file}`, [error instanceof Error ? error.message : String(error)], {
      cause: error,
    });
  }
}
