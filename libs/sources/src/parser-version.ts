import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Characters of the hash that are kept: two parsers of one project never share twelve of them. */
const VERSION_LENGTH = 12;

const FOLDER = import.meta.dirname;
/** Where the sources have their files. */
const PROVIDERS = 'providers';
const CODE = /^(?!.*\.(spec|contract)\.).*\.(js|ts)$/;

const versions = new Map<string, string>();

/**
 * The version of what reads the answers of a source: a hash over its own file and over everything of this library that the sources
 * share, as this build has them. A number in each file would have to be raised by hand and be forgotten; the version of the package
 * changes with every release, parser or not. Equal versions mean equal code.
 */
export function parserVersionOf(name: string): string {
  const known = versions.get(name);
  if (known !== undefined) return known;
  const version = hashOf(filesOf(name));
  versions.set(name, version);
  return version;
}

/** The shared files and the source's own; all of them for a source that shares its file with others. */
function filesOf(name: string): string[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => CODE.test(file) && !file.endsWith('.d.ts'))
    .sort();
  const own = (file: string): boolean => file.startsWith(join(PROVIDERS, `${name}.source.`));
  return files.some(own) ? files.filter((file) => !/\.source\.(js|ts)$/.test(file) || own(file)) : files;
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(FOLDER, file)))
      .update('\0');
  return hash.digest('hex').slice(0, VERSION_LENGTH);
}
