import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { command, IMAGES, imageValues, Namespace } from './cluster.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CHART = 'helm/tidemark';
const CI_VALUES = 'helm/tidemark/ci';

/** Custom resources that some values need: brought by `test/cluster/prepare`. */
const CUSTOM_RESOURCES = path.join(ROOT, '.tidemark/custom-resources');

describe('kubectl apply -k k8s/', () => {
  let namespace: Namespace;
  beforeAll(async () => {
    namespace = await Namespace.create('tidemark-apply');
    await namespace.startProber();
  });
  afterAll(() => namespace.remove());

  it('brings a system up that serves prices of the simulator through its Service', async () => {
    await namespace.kubectl('apply', '--kustomize', 'k8s');
    await namespace.kubectl('wait', 'deployment', '--all', '--for=condition=Available', '--timeout=300s');
    await namespace.awaitPrice('http://tidemark-api:8000');
  });

  it('starts no pod anew the second time, and no migration', async () => {
    const printed = await namespace.kubectl('apply', '--kustomize', 'k8s');
    const lines = printed.split('\n').filter((line) => /^(deployment|job)\./.test(line));
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
  });
});

describe('helm install --wait', () => {
  let namespace: Namespace;
  const files = readdirSync(path.join(ROOT, CI_VALUES)).filter((file) => file.endsWith('-values.yaml'));

  beforeAll(async () => {
    if (!existsSync(CUSTOM_RESOURCES)) throw new Error('the custom resources are missing: run test/cluster/prepare');
    await bringCustomResources();
    namespace = await Namespace.create('tidemark-install');
    await startStores(namespace);
  });
  afterEach(() => namespace.helm('uninstall', 'tidemark', '--wait', '--ignore-not-found', '--timeout', '3m'));
  afterAll(() => namespace.remove());

  async function install(values: string): Promise<void> {
    const words = ['install', 'tidemark', CHART, '--values', values, ...overrides(), '--wait', '--timeout', '5m'];
    await namespace.helm(...words).catch(async (error: unknown) => {
      throw new Error(await namespace.whatHappened(), { cause: error });
    });
  }

  it.each(files)('with ci/%s', async (file) => {
    await createDatabase(namespace);
    const values = path.join(CI_VALUES, file);
    await install(values);
    // With real sources there is no price where no source is reached.
    if (readFileSync(path.join(ROOT, values), 'utf8').includes('simulator: { enabled: true }'))
      await namespace.helm('test', 'tidemark', '--timeout', '3m');
  });

  it('by the commands of the README, which need nothing prepared', async () => {
    const commands = readFileSync(path.join(ROOT, 'README.md'), 'utf8').match(/^ {4}helm .*/gm) ?? [];
    expect(commands).toHaveLength(2);
    for (const words of commands) await namespace.helm(...words.trim().split(' ').slice(1));
  });
});

/** Those that the cluster lacks: where an operator is at work, its own stay. */
async function bringCustomResources(): Promise<void> {
  for (const file of readdirSync(CUSTOM_RESOURCES)) {
    const [, name = ''] = /^ {2}name: (\S+)$/m.exec(readFileSync(path.join(CUSTOM_RESOURCES, file), 'utf8')) ?? [];
    const there = await command('kubectl', ['get', 'crd', name, '--ignore-not-found', '--output', 'name']);
    if (there === '') await command('kubectl', ['create', '--filename', path.join(CUSTOM_RESOURCES, file)]);
  }
}

/** The image under test, whichever one the values name. */
function overrides(): string[] {
  return [...imageValues(IMAGES.tidemark), '--set', 'image.digest=', '--set', 'image.pullPolicy=IfNotPresent'];
}

/** Stores that outlive the releases, with their Secrets, and whatever else the values name. */
async function startStores(namespace: Namespace): Promise<void> {
  await namespace.applyTemplates('dev-stores', ['fullnameOverride=stores']);
  await namespace.apply(
    secret('control', { CONTROL_PASSWORD: 'throw-away' }),
    secret('source-keys', { COINGECKO_API_KEY: 'throw-away' }),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'authority' }, data: { 'ca.crt': '' } },
  );
}

/** A new database for each release: it remembers whether its prices are real. */
async function createDatabase(namespace: Namespace): Promise<void> {
  await psql(namespace, 'DROP DATABASE IF EXISTS tidemark WITH (FORCE)');
  await psql(namespace, 'CREATE DATABASE tidemark');
}

async function psql(namespace: Namespace, statement: string): Promise<void> {
  const words = ['--username=tidemark', '--dbname=postgres', '--command', statement];
  await namespace.kubectl('exec', 'deployment/stores-postgresql', '--', 'psql', ...words);
}

function secret(name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
}
