import { spawn, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PROGRAM = path.join(ROOT, 'node_modules/.bin/gitlab-ci-local');

/** A job as a pipeline of some kind has it. */
export interface Job {
  readonly name: string;
  readonly stage: string;
  /** When it starts: on_success, manual, or never for a job that is not in the pipeline. */
  readonly when: string;
  readonly environment?: { readonly name: string };
}

/** Variables that GitLab sets for a kind of pipeline; undefined for one that it would not set. */
export type PipelineVariables = Readonly<Record<string, string | undefined>>;

/** The files of the pipeline in a repository of their own, and gitlab-ci-local as what stands in for GitLab. */
export class Pipeline {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-pipeline-'));

  constructor() {
    for (const name of ['.gitlab-ci.yml', '.gitlab'])
      cpSync(path.join(ROOT, name), path.join(this.folder, name), { recursive: true });
    // GitLab asks whether there is a pipeline at all, which gitlab-ci-local does not: the same rules as those of a job.
    const { workflow } = readYaml('.gitlab-ci.yml') as { workflow: { rules: unknown } };
    writeFileSync(
      path.join(this.folder, 'workflow.yml'),
      stringify({ workflow: { script: ['true'], rules: workflow.rules } }).replace(/^workflow:/, 'is-there-one:'),
    );
    // It includes what git knows.
    for (const args of [
      ['init', '--quiet'],
      ['add', '--all'],
    ]) {
      const git = spawnSync('git', args, { cwd: this.folder, encoding: 'utf8' });
      if (git.status !== 0)
        throw new Error(`git, which gitlab-ci-local asks for the files: ${git.stderr ?? git.error?.message}`);
    }
  }

  /** @returns the jobs that a pipeline with these variables has, none where there is no pipeline. */
  async jobs(variables: PipelineVariables): Promise<readonly Job[]> {
    const [workflow, jobs] = await Promise.all([
      this.list('workflow.yml', variables),
      this.list('.gitlab-ci.yml', variables),
    ]);
    return workflow.every(({ when }) => when === 'never') ? [] : jobs.filter(({ when }) => when !== 'never');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async list(file: string, variables: PipelineVariables): Promise<readonly Job[]> {
    const args = ['--list-json', '--file', file, '--home', 'home', '--state-dir', `state-${file}`];
    args.push('--ignore-predefined-vars', Object.keys(variables).join(','));
    for (const [name, value] of Object.entries(variables))
      args.push(...(value === undefined ? ['--unset-variable', name] : ['--variable', `${name}=${value}`]));
    return JSON.parse(await output(PROGRAM, args, this.folder)) as Job[];
  }
}

/** A YAML file of the repository; GitLab's own tag `!reference` is read as the list that it holds. */
export function readYaml(name: string): unknown {
  const customTags = [{ tag: '!reference', collection: 'seq' as const }];
  return parse(readFileSync(path.join(ROOT, name), 'utf8'), { customTags, logLevel: 'error' }) as unknown;
}

/** The files that make up the pipelines of GitLab and of GitHub. */
export function pipelineFiles(): readonly string[] {
  return ['.gitlab-ci.yml', ...globSync(['.gitlab/ci/*.yml', '.github/workflows/*.yml'], { cwd: ROOT }).sort()];
}

async function output(program: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`${path.basename(program)} ${args.join(' ')}: ${complaint}${said}`);
  return said;
}
