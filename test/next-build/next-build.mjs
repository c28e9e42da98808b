// Makes the next build out of this one: the compiled programs with one migration more, which expands the schema as every migration
// does. Usage: node test/next-build/next-build.mjs <folder of the compiled programs> <folder of the next ones>
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The version of the schema that the next build works with. */
export const NEXT_VERSION = 'Next1999999999999';

const MIGRATION = `
export class ${NEXT_VERSION} {
  name = '${NEXT_VERSION}';
  async up(runner) {
    await runner.query('ALTER TABLE prices ADD COLUMN note text');
    await runner.query("ALTER TABLE samples ADD COLUMN note text NOT NULL DEFAULT ''");
    await runner.query('ALTER TABLE fetches ADD COLUMN note jsonb');
    await runner.query('ALTER TABLE tickers ADD COLUMN note text');
    await runner.query('ALTER TABLE schedules ADD COLUMN note text');
    await runner.query('CREATE TABLE notes (ticker_id int REFERENCES tickers (id), note text NOT NULL)');
    await runner.query('CREATE INDEX latest_note ON latest (ticker_id)');
  }
}
`;

/**
 * @param {string} from a `dist` folder
 * @param {string} to the folder to write; it must be where the packages of the programs are found
 */
export async function makeNextBuild(from, to) {
  await cp(from, to, { recursive: true });
  const schema = path.join(to, 'libs/storage/src/schema');
  await writeFile(path.join(schema, 'migrations/next.migration.js'), MIGRATION);
  const file = path.join(schema, 'data-source.js');
  const text = await readFile(file, 'utf8');
  const next = replaceOnce(
    replaceOnce(
      text,
      /^export const MIGRATIONS = \[([^\]]*?),?\s*\];$/m,
      `export const MIGRATIONS = [$1, ${NEXT_VERSION}];`,
    ),
    /^export const SCHEMA_VERSION = '.*';$/m,
    `export const SCHEMA_VERSION = '${NEXT_VERSION}';`,
  );
  await writeFile(file, `import { ${NEXT_VERSION} } from './migrations/next.migration.js';\n${next}`);
}

function replaceOnce(text, pattern, replacement) {
  if (!pattern.test(text)) throw new Error(`the compiled data source has no line like ${pattern}`);
  return text.replace(pattern, replacement);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) throw new Error('Usage: next-build.mjs <from> <to>');
  await makeNextBuild(from, to);
}
