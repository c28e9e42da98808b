// Writes the files that follow from the code: .env.example, docs/configuration.md, docs/openapi.json, docs/openapi-control.json, what Compose says of variables,
// and how each source is reached at the simulator (Compose, chart). With --check it writes nothing and fails, naming every
// file that is not as it would be written. Needs a build.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { simulatedSources } from '../dist/apps/standalone/src/launch/child-environment.js';
import { COMPOSE_VARIABLES, composeDemo, withComposeSettings } from './compose-variables.mjs';
import { SETTINGS_READERS } from './settings-readers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const files = {
  '.env.example': environmentExample(),
  'docs/configuration.md': await formatted('docs/configuration.md', configurationPage()),
  'helm/tidemark/files/simulated-sources.yaml': chartSources(),
  ...(await openapiFiles()),
  'docker-compose.yml': withComposeSettings(await readFile(path.join(root, 'docker-compose.yml'), 'utf8')),
  'compose.demo.env': composeDemo(),
};

const stale = [];
for (const [name, content] of Object.entries(files)) {
  const file = path.join(root, name);
  const current = await readFile(file, 'utf8').catch(() => undefined);
  if (current === content) continue;
  stale.push(name);
  if (!process.argv.includes('--check')) await writeFile(file, content);
}
if (stale.length > 0 && process.argv.includes('--check')) {
  console.error(`Stale: ${stale.join(', ')}. Run: npm run generate`);
  process.exit(1);
}
console.log(stale.length === 0 ? 'Generated files are fresh.' : `Written: ${stale.join(', ')}`);

function settings() {
  const known = new Map();
  for (const [reader, group] of Object.entries(SETTINGS_READERS)) {
    for (const [name, schema] of Object.entries(group)) {
      if (!schema.description) throw new Error(`${name} has no description: call .describe last in libs/config.`);
      const entry = known.get(name) ?? {
        name,
        description: [schema.description, ...otherNames(name, schema)].join(' '),
        default: defaultOf(schema),
        readers: [],
      };
      entry.readers.push(reader);
      known.set(name, entry);
    }
  }
  return [...known.values()];
}

/** By which other variables a setting may be given. */
function otherNames(name, schema) {
  const { secret, alias } = schema.meta() ?? {};
  return [
    ...(secret === true ? [`Or ${name}_FILE: a file with it.`] : []),
    ...(alias === undefined
      ? []
      : [`Or ${alias.name}, ${alias.isOlder ? 'its older name' : 'as hosts of containers call it'}; ${name} wins.`]),
  ];
}

function defaultOf(schema) {
  const result = schema.safeParse(undefined);
  return result.success ? result.data : undefined;
}

function environmentExample() {
  const lines = ['# Every variable that Tidemark reads, with its default. See docs/configuration.md.'];
  for (const entry of settings())
    lines.push(
      '',
      `# ${entry.description}`,
      `${entry.default === undefined ? '# ' : ''}${entry.name}=${entry.default ?? ''}`,
    );
  lines.push('', '# Compose (`make up`) alone:');
  for (const { name, value, description } of COMPOSE_VARIABLES) lines.push('', `# ${description}`, `${name}=${value}`);
  return `${lines.join('\n')}\n`;
}

function configurationPage() {
  const rows = settings().map(
    (entry) =>
      `| \`${entry.name}\` | ${entry.default === undefined ? '' : `\`${entry.default}\``} | ${entry.description} | ${entry.readers.join(', ')} |`,
  );
  return [
    '# Configuration',
    '',
    'Generated from `libs/config` by `npm run generate`. An empty variable counts as not set; a process with a wrong one says',
    'everything that is wrong at once, in sentences, and ends with status 2 before it has begun anything.',
    '',
    '| variable | default | meaning | read by |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '## Compose',
    '',
    '`make up` hands these variables of `.env` to the processes, except those that it decides itself: where the stores are, the',
    'addresses and ports inside of the containers, and the passwords, which stand in `secrets/`. `API_PORT`, `CONTROL_PORT` and',
    '`SIMULATOR_PORT` are the ports of the machine. It reads these besides:',
    '',
    '| variable | default | meaning |',
    '| --- | --- | --- |',
    ...COMPOSE_VARIABLES.map(({ name, value, description }) => `| \`${name}\` | \`${value}\` | ${description} |`),
    '',
  ].join('\n');
}

/** The simulator lays each source under its name and the path of its own address; any key opens it. */
function chartSources() {
  const lines = Object.entries(simulatedSources('')).map(([name, value]) => `${name}: ${value}`);
  return `# Where the simulator answers for each source, and the keys that open it there. Generated: npm run generate.\n${lines.join('\n')}\n`;
}

async function openapiFiles() {
  const { openapiDocument } = await import('../dist/apps/api/src/documentation/openapi-document.js');
  const { controlDocument } = await import('../dist/apps/scheduler/src/control/control-document.js');
  return {
    'docs/openapi.json': `${JSON.stringify(await openapiDocument(), null, 2)}\n`,
    'docs/openapi-control.json': `${JSON.stringify(await controlDocument(), null, 2)}\n`,
  };
}

async function formatted(name, content) {
  const options = await prettier.resolveConfig(path.join(root, name), { editorconfig: true });
  return prettier.format(content, { ...options, filepath: name });
}
