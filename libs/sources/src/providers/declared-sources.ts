import { nearestNames } from '@app/domain';
import { readSettingFile } from '@app/yaml-file';
import { CCXT_EXCHANGE_NAMES } from './ccxt-exchanges.js';
import { ccxtSource } from './ccxt.js';
import type { Source } from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { httpJsonSource } from './http-json.js';
import { DeclarationError, readDeclarations } from './read-declarations.js';

/** Which sources the environment declares besides those that Tidemark brings, by the names of its variables. */
export interface SourceDeclarations {
  /** YAML file with sources of one JSON address each. */
  readonly HTTP_SOURCES_FILE?: string | undefined;
  /** Exchanges that are asked by ccxt, separated by commas. */
  readonly CCXT_EXCHANGES?: string | undefined;
}

/** Makes the sources that the environment declares. @throws DeclarationError naming every fault of a variable at once. */
export async function readDeclaredSources({
  HTTP_SOURCES_FILE: file,
  CCXT_EXCHANGES: exchanges = '',
}: SourceDeclarations): Promise<Source[]> {
  const declared = file === undefined ? [] : await readDeclarationsFile(file);
  return [...declared.map(httpJsonSource), ...ccxtSources(exchanges)];
}

/** Reads the file with declared sources. @throws DeclarationError naming every fault at once. */
export async function readDeclarationsFile(file: string): Promise<readonly HttpJsonDeclaration[]> {
  return readDeclarations(
    await readSettingFile('HTTP_SOURCES_FILE', file, DeclarationError),
    `HTTP_SOURCES_FILE ${file}`,
  );
}

function ccxtSources(exchanges: string): Source[] {
  const names = [...new Set(exchanges.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const sources = names.map((name) => ccxtSource(name) ?? name);
  const unknown = sources.filter((source) => typeof source === 'string');
  if (unknown.length > 0) {
    throw new DeclarationError(
      'CCXT_EXCHANGES',
      unknown.map(
        (name) => `there is no exchange ${name}; did you mean ${nearestNames(name, CCXT_EXCHANGE_NAMES, 1).join()}?`,
      ),
    );
  }
  return sources.filter((source) => typeof source !== 'string');
}
