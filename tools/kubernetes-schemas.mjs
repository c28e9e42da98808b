// Turns what a Kubernetes API server says of its objects into JSON schemas that kubeconform reads, one file for each kind:
// OUT/<group>/<kind>_<version>.json, where the core group goes by its version. Usage: kubernetes-schemas.mjs OUT [--server | --specification FOLDER] [--crds PATH]...
// --server asks the cluster of KUBECONFIG (needs kubectl); --specification reads api/openapi-spec/v3 of the Kubernetes module.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'boolean' }, specification: { type: 'string' }, crds: { type: 'string', multiple: true } },
});
const [out] = positionals;
if (out === undefined) throw new Error('name the folder that the schemas go to');

let written = 0;
if (values.server) for (const document of askServer()) await writeKinds(document);
if (values.specification !== undefined)
  for (const name of await readdir(values.specification))
    if (/^api.*__v[0-9a-z]+_openapi\.json$/.test(name))
      await writeKinds(JSON.parse(await readFile(path.join(values.specification, name), 'utf8')));
for (const place of values.crds ?? [])
  for (const definition of await readDefinitions(place)) await writeCustom(definition);
console.log(`${written} schemas in ${out}`);

function askServer() {
  const { paths } = JSON.parse(kubectlRaw('/openapi/v3'));
  const urls = Object.entries(paths).filter(([name]) => /^apis?\/.*v[0-9a-z]+$/.test(name));
  return urls.map(([, { serverRelativeURL }]) => JSON.parse(kubectlRaw(serverRelativeURL)));
}

function kubectlRaw(url) {
  const { error, status, stdout, stderr } = spawnSync('kubectl', ['get', '--raw', url], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined || status !== 0) throw new Error(`kubectl get --raw ${url}: ${error?.code ?? stderr}`);
  return stdout;
}

/** Every kind of one group and version, each with the definitions that it leads to. */
async function writeKinds(document) {
  const schemas = document.components?.schemas ?? {};
  for (const [name, schema] of Object.entries(schemas)) {
    for (const { group, kind, version } of schema['x-kubernetes-group-version-kind'] ?? []) {
      // Shared kinds, such as DeleteOptions, name every group.
      if (schema['x-kubernetes-group-version-kind'].length > 1) continue;
      const definitions = Object.fromEntries(
        [...reached(name, schemas)].map((other) => [other, strict(schemas[other])]),
      );
      await write({ group, kind, version }, { ...strict(schema), definitions });
    }
  }
}

async function writeCustom({ spec }) {
  for (const { name: version, schema } of spec.versions)
    await write({ group: spec.group, kind: spec.names.kind, version }, strictRoot(schema.openAPIV3Schema));
}

/** A custom resource says nothing of its metadata: anything goes there. */
function strictRoot(schema) {
  const root = strict(schema);
  return { ...root, properties: { ...root.properties, metadata: { type: 'object' } } };
}

async function write({ group, kind, version }, schema) {
  const file = path.join(out, group === '' ? version : group, `${kind.toLowerCase()}_${version}.json`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(schema));
  written += 1;
}

/** The names of all definitions that one leads to, by way of others too. */
function reached(name, schemas, seen = new Set()) {
  for (const [, other] of JSON.stringify(schemas[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (seen.has(other)) continue;
    seen.add(other);
    reached(other, schemas, seen);
  }
  return seen;
}

/** The same schema, which refuses fields that it does not name, as the API server does when it is asked to be strict. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string'
        ? value.replace('#/components/schemas/', '#/definitions/')
        : strict(value),
    ]),
  );
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema;
  const isObject = schema.type === 'object' && typeof schema.properties === 'object';
  if (isObject && !isOpen) copy.additionalProperties = false;
  if (schema['x-kubernetes-int-or-string'] === true) delete copy.type;
  return copy;
}

/** CustomResourceDefinitions of a file, or of all YAML files of a folder. */
async function readDefinitions(place) {
  const isFolder = (await stat(place)).isDirectory();
  const names = isFolder ? (await readdir(place)).filter((name) => /\.ya?ml$/.test(name)) : [''];
  const texts = await Promise.all(names.map((name) => readFile(path.join(place, name), 'utf8')));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
  return objects.filter((object) => object?.kind === 'CustomResourceDefinition');
}
