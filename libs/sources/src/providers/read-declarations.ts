import { readYaml, strictFields, YamlFileError } from '@app/yaml-file';
import { z } from 'zod';
import { faultsOfDeclaration } from './http-json-declaration-faults.js';
import { DECLARED_IDS, declarationSchema, type HttpJsonDeclaration } from './http-json-declaration.js';

const MOST = DECLARED_IDS.last - DECLARED_IDS.first + 1;
const LIST = 'must be a list of sources';
const file = strictFields(
  { sources: z.array(declarationSchema, { error: LIST }).max(MOST, `must be at most ${MOST} sources`) },
  'must be an object with a list of sources',
);

/** Thrown when declared sources cannot be used; the message names the setting and every fault at once. */
export class DeclarationError extends YamlFileError {
  override readonly name = 'DeclarationError';
}

/** Reads the text of a YAML file with declared sources. @param of names the file in errors. @throws DeclarationError */
export function readDeclarations(yaml: string, of: string): readonly HttpJsonDeclaration[] {
  const { sources } = readYaml(yaml, {
    of,
    schema: file,
    faultsOf: ({ sources: declared }) =>
      declared.flatMap((source, index) =>
        faultsOfDeclaration(source).map(({ field, detail }) => {
          const parameter = `sources.${index}.${field}`;
          return { parameter, sentence: `${parameter}: ${detail}` };
        }),
      ),
    error: DeclarationError,
  });
  return sources;
}
