// Renders the chart into k8s/, for those who apply manifests instead of Helm. With --check it writes nothing and fails, naming
// every file that is not as it would be written. Needs helm, and kustomize or kubectl, on the PATH.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments, stringify } from 'yaml';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const chart = path.join(root, 'helm', 'tidemark');

/** The name that overlays replace by that of an image. */
const IMAGE = 'tidemark';

/** What `make image-load` brings to the nodes. */
const DEV_IMAGE = { newName: 'localhost/tidemark', newTag: 'dev' };

const generated = '# Rendered from helm/tidemark by `make k8s`: change the chart.\n';
const given = [`image.repository=${IMAGE}`];
const secrets = ['postgresql', 'redis', 'control'].map((store) => `${store}.existingSecret=tidemark-${store}`);

await requireOneVersion();
const base = render([...given, ...secrets]);
const dev = render([...given, 'control.existingSecret=tidemark-control'], path.join(chart, 'values-dev.yaml'));
const files = {
  'k8s/base/kustomization.yaml': kustomization({ resources: ['tidemark.yaml'] }),
  'k8s/base/tidemark.yaml': generated + manifest(base),
  ...developmentOverlay(),
};
files['k8s/install.yaml'] = await installFile(files);

const stale = [];
for (const [name, content] of Object.entries(files)) {
  const file = path.join(root, name);
  if ((await readFile(file, 'utf8').catch(() => undefined)) === content) continue;
  stale.push(name);
  if (process.argv.includes('--check')) continue;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}
if (stale.length > 0 && process.argv.includes('--check')) end(`Stale: ${stale.join(', ')}. Run: make k8s`);
console.log(stale.length === 0 ? 'k8s/ is fresh.' : `Written: ${stale.join(', ')}`);

/** What `overlays/dev` adds to the base, and changes in it: stores that are thrown away, the simulator, simulated prices. */
function developmentOverlay() {
  const inBase = new Map(base.map((object) => [identity(object), object]));
  const inDev = new Set(dev.map(identity));
  const added = dev.filter((object) => !inBase.has(identity(object)));
  const isOf =
    (...components) =>
    (object) =>
      components.includes(object.metadata.labels['app.kubernetes.io/component']);
  const stores = added.filter(isOf('postgresql', 'valkey'));
  const simulator = added.filter(isOf('simulator'));
  const migrations = added.filter(isOf('migrate'));
  const others = added.filter((object) => ![...stores, ...simulator, ...migrations].includes(object));
  if (others.length > 0) end(`overlays/dev has no file for ${others.map(identity).join(', ')}`);
  const patches = [
    ...base.filter((object) => !inDev.has(identity(object))).map((object) => ({ ...head(object), $patch: 'delete' })),
    ...dev.flatMap((object) => {
      const before = inBase.get(identity(object));
      if (before === undefined || isDeepStrictEqual(before, object)) return [];
      return [{ ...head(object), ...difference(before, object) }];
    }),
  ];
  const password = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tidemark-control' },
    stringData: { CONTROL_PASSWORD: 'throw-away' },
  };
  return {
    'k8s/overlays/dev/kustomization.yaml': kustomization({
      resources: ['../../base', 'control-password.yaml', 'migrate.yaml', 'simulator.yaml', 'stores.yaml'],
      patches: [{ path: 'changes.yaml' }],
      images: [{ name: IMAGE, ...DEV_IMAGE }],
    }),
    'k8s/overlays/dev/changes.yaml': generated + manifest(patches),
    'k8s/overlays/dev/control-password.yaml': generated + manifest([password]),
    'k8s/overlays/dev/migrate.yaml': generated + manifest(migrations),
    'k8s/overlays/dev/simulator.yaml': generated + manifest(simulator),
    'k8s/overlays/dev/stores.yaml': generated + manifest(stores),
  };
}

/** The objects of the chart as release `tidemark`, without what only Helm reads. */
function render(settings, valuesFile) {
  const text = run('helm', [
    ...['template', 'tidemark', chart, '--skip-tests', '--no-hooks'],
    ...settings.flatMap((setting) => ['--set', setting]),
    ...(valuesFile === undefined ? [] : ['--values', valuesFile]),
  ]);
  const objects = parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);
  for (const object of objects)
    for (const labels of [object.metadata.labels, object.spec?.template?.metadata?.labels])
      for (const name of ['app.kubernetes.io/managed-by', 'helm.sh/chart']) delete labels?.[name];
  return objects;
}

/** What must be laid over one value to get the other; lists are replaced as a whole. */
function difference(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      if (name === 'apiVersion' || name === 'kind' || isDeepStrictEqual(before[name], after[name])) return [];
      if (after[name] === undefined) return [[name, null]];
      const areMaps = [before[name], after[name]].every((value) => value?.constructor === Object);
      return [[name, areMaps ? difference(before[name], after[name]) : after[name]]];
    }),
  );
}

function head({ apiVersion, kind, metadata }) {
  return { apiVersion, kind, metadata: { name: metadata.name } };
}

function identity({ kind, metadata }) {
  return `${kind}/${metadata.name}`;
}

function kustomization(content) {
  return generated + manifest([{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...content }]);
}

function manifest(objects) {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}

/** The dev overlay as one file, built in a folder of its own so that it follows from what is about to be written. */
async function installFile(written) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-k8s-'));
  try {
    for (const [name, content] of Object.entries(written)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    }
    await cp(path.join(root, 'k8s', 'kustomization.yaml'), path.join(folder, 'k8s', 'kustomization.yaml'));
    return [
      generated.trimEnd(),
      '# Everything in one file: kubectl apply -f k8s/install.yaml. Stores that are thrown away, simulated prices, and the image',
      `# ${DEV_IMAGE.newName}:${DEV_IMAGE.newTag}, which \`make image-load\` brings to the nodes. For stores and images of your own: overlays/prod, or Helm.`,
      build(path.join(folder, 'k8s')),
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

function build(folder) {
  const isThere = spawnSync('kustomize', ['version']).error === undefined;
  return isThere ? run('kustomize', ['build', folder]) : run('kubectl', ['kustomize', folder]);
}

/** The chart belongs to the product: all three name one version. */
async function requireOneVersion() {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const named = parse(await readFile(path.join(chart, 'Chart.yaml'), 'utf8'));
  if (named.version !== version || named.appVersion !== version)
    end(`helm/tidemark/Chart.yaml: version and appVersion must be ${version}, as in package.json`);
}

function run(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (error !== undefined)
    end(`${command} cannot be run (${error.code}): \`make test-chart\` installs it when Go is there.`);
  if (status !== 0) end(stderr.trim());
  return stdout;
}

function end(message) {
  console.error(message);
  process.exit(1);
}
