// node tools/ci/run-job.mjs JOB: runs a job of .gitlab-ci.yml by gitlab-ci-local, with a shell in place of containers. There are no
// services then: the tests get the address of none, and start stores of their own. The job runs in this very checkout, whatever is in it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const [job] = process.argv.slice(2);
const FOLDER = '.gitlab-ci-local';
const FILE = `${FOLDER}/without-services.yml`;
const SOURCE = [
  '--ignore-predefined-vars',
  'CI_PIPELINE_SOURCE',
  '--variable',
  `CI_PIPELINE_SOURCE=${process.env.SOURCE || 'merge_request_event'}`,
];

function fail(reason) {
  process.stderr.write(`run-job: ${reason}\n`);
  process.exit(64);
}
if (!job) fail('name a job: verify, test-system, "test: [1/3]"');
for (const program of ['git', 'rsync'])
  if (spawnSync(program, ['--version']).error) fail(`gitlab-ci-local needs ${program}: install it`);

// Also a job that runs by a shell would have its services made first, by Docker.
const preview = spawnSync('gitlab-ci-local', ['--preview', ...SOURCE], { encoding: 'utf8', maxBuffer: 2 ** 26 });
if (preview.status !== 0) fail(preview.stderr);
const pipeline = parse(preview.stdout, { logLevel: 'error' });
for (const entry of Object.values(pipeline)) {
  if (entry?.services === undefined) continue;
  delete entry.services;
  for (const name of Object.keys(entry.variables ?? {})) if (/^TEST_.*_URL$/.test(name)) delete entry.variables[name];
}
mkdirSync(FOLDER, { recursive: true });
writeFileSync(FILE, stringify(pipeline));
const args = ['--file', FILE, '--force-shell-executor', '--timestamps', ...SOURCE, job];
process.exit(spawnSync('gitlab-ci-local', args, { stdio: 'inherit' }).status ?? 1);
