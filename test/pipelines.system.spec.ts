import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Pipeline, pipelineFiles, readYaml, type PipelineVariables } from './support/pipeline.js';

const ROOT = path.resolve(import.meta.dirname, '..');

const TESTS = ['coverage', 'test-faults', 'test-system', 'test: [1/3]', 'test: [2/3]', 'test: [3/3]'];
const IMAGES = ['base-digest', 'build-tidemark', 'build-tidemark-ccxt', 'scan-tidemark', 'scan-tidemark-ccxt'];
const SCANS = ['dependencies', 'sbom', 'secrets'];
const EVERY_CHANGE = ['chart', 'verify', ...TESTS, ...IMAGES, ...SCANS];
const PRODUCTION = ['deploy-production', 'rollback-production'];

const CLUSTERS = { REVIEW_KUBE_CONTEXT: 'group/clusters:review', PRODUCTION_KUBE_CONTEXT: 'group/clusters:production' };
const MERGE_REQUEST = {
  CI_PIPELINE_SOURCE: 'merge_request_event',
  CI_MERGE_REQUEST_IID: '7',
  CI_COMMIT_BRANCH: undefined,
  CI_COMMIT_TAG: undefined,
};
const onBranch = (branch: string, source = 'push') => ({
  CI_PIPELINE_SOURCE: source,
  CI_COMMIT_BRANCH: branch,
  CI_COMMIT_TAG: undefined,
});
const onTag = (tag: string) => ({ CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: undefined, CI_COMMIT_TAG: tag });

/** What happens in a project, and the jobs that follow: by themselves, and by hand. */
const KINDS: readonly (readonly [what: string, variables: PipelineVariables, automatic: string[], byHand: string[]])[] =
  [
    ['a merge request', { ...MERGE_REQUEST, ...CLUSTERS }, [...EVERY_CHANGE, 'deploy-review'], ['stop-review']],
    ['a merge request without clusters', MERGE_REQUEST, EVERY_CHANGE, []],
    ['a push to a branch', { ...onBranch('topic'), ...CLUSTERS }, [], []],
    ['a pipeline by hand on a branch', { ...onBranch('topic', 'web'), ...CLUSTERS }, EVERY_CHANGE, []],
    ['a push to the default branch', { ...onBranch('main'), ...CLUSTERS }, [...EVERY_CHANGE, 'sign'], PRODUCTION],
    ['a push to the default branch without clusters', onBranch('main'), [...EVERY_CHANGE, 'sign'], []],
    ['the same where Sigstore knows no issuer', { ...onBranch('main'), SIGN_IMAGES: 'false' }, EVERY_CHANGE, []],
    [
      'the tag of a version',
      { ...onTag('v1.2.3'), ...CLUSTERS },
      [...EVERY_CHANGE, 'sign', 'release-notes', 'tag-images', 'push-chart', 'release'],
      PRODUCTION,
    ],
    ['another tag', { ...onTag('wip'), ...CLUSTERS }, [], []],
    ['a schedule', { ...onBranch('main', 'schedule'), ...CLUSTERS }, [...TESTS, ...IMAGES, ...SCANS], []],
  ];

describe('the pipelines of GitLab', () => {
  let pipeline: Pipeline;
  beforeAll(() => {
    pipeline = new Pipeline();
  });
  afterAll(() => pipeline.remove());

  it.each(KINDS)(
    'have for %s the jobs that belong there, and no other',
    async (_, variables, automatic, byHand) => {
      const jobs = await pipeline.jobs({ CI_DEFAULT_BRANCH: 'main', ...variables });
      const named = (when: string) =>
        jobs
          .filter((job) => job.when === when)
          .map(({ name }) => name)
          .sort();
      expect(named('on_success')).toEqual([...automatic].sort());
      expect(named('manual')).toEqual([...byHand].sort());
      expect(jobs).toHaveLength(automatic.length + byHand.length);
    },
    60_000,
  );
});

/** All texts in a value, with the keys that lead to each. */
function* texts(
  value: unknown,
  keys: readonly string[] = [],
): Generator<{ readonly keys: readonly string[]; readonly text: string }> {
  if (typeof value === 'string') yield { keys, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* texts(item, Array.isArray(value) ? keys : [...keys, key]);
}

describe('the files of the pipelines', () => {
  const all = pipelineFiles().flatMap((file) => [...texts(readYaml(file))].map((found) => ({ file, ...found })));
  const scripts = all.filter(({ keys }) => ['script', 'before_script', 'run'].includes(keys.at(-1) ?? ''));
  const matches = (expression: RegExp) =>
    scripts.flatMap(({ text }) => [...text.matchAll(expression)].map(([, name = '']) => name));

  it('are all included', () => {
    const { include } = readYaml('.gitlab-ci.yml') as { include: readonly { readonly local: string }[] };
    expect(include.map(({ local }) => local.slice(1)).sort()).toEqual(
      pipelineFiles().filter((file) => file.startsWith('.gitlab/')),
    );
  });

  it('call targets of make that are there', () => {
    const makefile = readFileSync(path.join(ROOT, 'Makefile'), 'utf8');
    const called = matches(/\bmake ([a-z0-9-]+)/g);
    expect(called.length).toBeGreaterThan(3);
    expect(called.filter((name) => !new RegExp(`^${name}:`, 'm').test(makefile))).toEqual([]);
  });

  it('call scripts of package.json that are there', () => {
    const { scripts: known } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    // A matrix of GitHub's names the scripts of its jobs.
    const ofMatrix = all.filter(({ file, keys }) => file.startsWith('.github/') && keys.at(-1) === 'script');
    const called = [...matches(/\bnpm run (?:-s )?([a-z][a-z0-9:-]*)/g), ...ofMatrix.map(({ text }) => text)];
    expect(called.length).toBeGreaterThan(5);
    expect(called.filter((name) => !(name in known))).toEqual([]);
  });

  it('name files that are there', () => {
    const called = matches(/(?:^|[\s"'])((?:tools|test|helm|k8s|\.ci)\/[\w./-]+)/g);
    expect(called.length).toBeGreaterThan(5);
    expect(called.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  it('pin every image to a version, and every action to a commit', () => {
    const images = all
      .filter(
        ({ keys, file }) =>
          !file.startsWith('.github') && (keys.at(-1) === 'image' || /image|services/.test(keys.at(-2) ?? '')),
      )
      .filter(({ keys }) => ['image', 'name'].includes(keys.at(-1) ?? ''))
      .map(({ text }) => text);
    expect(images.length).toBeGreaterThan(10);
    expect(images.filter((name) => !/:v?\d+\.\d+\.\d+|:\d+\.\d+($|@)|@sha256:[0-9a-f]{64}$/.test(name))).toEqual([]);
    const actions = all.filter(({ keys }) => keys.at(-1) === 'uses').map(({ text }) => text);
    expect(actions.length).toBeGreaterThan(3);
    // A workflow of the repository itself is of the same commit.
    const ours = pipelineFiles().map((file) => `./${file}`);
    expect(actions.filter((name) => !/@[0-9a-f]{40}$/.test(name) && !ours.includes(name))).toEqual([]);
  });

  it('give no job a name that means something to GitLab', () => {
    const reserved = [
      'image',
      'services',
      'stages',
      'types',
      'before_script',
      'after_script',
      'variables',
      'cache',
      'include',
      'pages',
      'true',
      'false',
      'nil',
    ];
    const names = pipelineFiles()
      .filter((file) => file.startsWith('.gitlab/'))
      .flatMap((file) => Object.keys(readYaml(file) as object));
    expect(names.filter((name) => reserved.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are what actionlint lets pass', () => {
    const version = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
    if (spawnSync('go', ['version']).status !== 0) {
      process.stderr.write('There is no Go on the PATH: actionlint does NOT look at the workflow of GitHub.\n');
      return;
    }
    const lint = spawnSync(
      'go',
      ['run', version, '-shellcheck=', '-pyflakes=', ...pipelineFiles().filter((file) => file.startsWith('.github/'))],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    expect({
      status: lint.status,
      said: `${lint.stdout}${lint.stderr.replace(/^go: downloading .*\n/gm, '')}`,
    }).toEqual({ status: 0, said: '' });
  }, 300_000);
});
