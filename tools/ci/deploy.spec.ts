import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, 'deploy.sh');
const IMAGE = `registry.example.org/tidemark@sha256:${'0123456789abcdef'.repeat(4)}`;

/** `helm history`, as Helm 3 and 4 write it. */
const history = (...statuses: string[]) =>
  [
    'REVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\tDESCRIPTION',
    ...statuses.map((status, index) => `${index + 1}       \tnow\t${status}\ttidemark-0.1.0\t0.1.0\tas told`),
  ].join('\n');

describe('deploying by hand and in CI', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-deploy-'));
    stand('kubectl', 'exit 0');
    helm(history('deployed'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function stand(name: string, script: string): void {
    writeFileSync(path.join(folder, name), `#!/bin/sh\necho "$@" >>"${folder}/${name}.called"\n${script}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  function helm(told: string, help = '--rollback-on-failure'): void {
    stand('helm', `case "$*" in history*) cat <<'END'\n${told}\nEND\n;; *--help) echo '  ${help}' ;; esac`);
  }
  function calls(name: string): string[] {
    const file = path.join(folder, `${name}.called`);
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }
  function deploy(args: readonly string[], variables: Record<string, string> = {}) {
    const env = {
      PATH: `${folder}:${process.env.PATH}`,
      NAMESPACE: 'tidemark-review-7',
      TIDEMARK_IMAGE: IMAGE,
      ...variables,
    };
    return spawnSync('bash', [PROGRAM, ...args], { encoding: 'utf8', env });
  }

  it('brings the image by its digest, to go back by itself, and asks for a price', () => {
    const file = path.join(folder, 'deploy.env');
    expect(deploy(['review', file], { REVIEW_DOMAIN: 'review.example.org', KUBE_CONTEXT: 'agent' })).toMatchObject({
      status: 0,
    });
    const upgrade = calls('helm').find((call) => call.startsWith('upgrade --install')) ?? '';
    expect(upgrade).toContain('image.repository=registry.example.org/tidemark --set image.digest=sha256:0123');
    expect(upgrade).toContain('--wait --rollback-on-failure');
    expect(upgrade).toContain('--kube-context agent --namespace tidemark-review-7');
    expect(calls('helm').at(-1)).toMatch(/^test tidemark/);
    expect(readFileSync(file, 'utf8')).toBe('REVIEW_URL=https://tidemark-review-7.review.example.org\n');
  });

  it('says it in the words of Helm 3 as well', () => {
    helm(history('deployed'), '--atomic');
    deploy(['review', path.join(folder, 'deploy.env')]);
    expect(calls('helm').find((call) => call.startsWith('upgrade --install'))).toContain('--wait --atomic');
  });

  it('refuses an image that is named by a tag, and production without values', () => {
    const file = path.join(folder, 'deploy.env');
    expect(deploy(['review', file], { TIDEMARK_IMAGE: 'registry.example.org/tidemark:1' })).toMatchObject({
      status: 1,
    });
    expect(deploy(['production'])).toMatchObject({ status: 1, stderr: expect.stringContaining('PRODUCTION_VALUES') });
    expect(calls('helm')).toEqual([]);
  });

  it('goes back to what ran last, and not to an upgrade that failed', () => {
    helm(history('superseded', 'superseded', 'failed', 'deployed'));
    expect(deploy(['rollback'])).toMatchObject({ status: 0 });
    expect(calls('helm').find((call) => call.startsWith('rollback'))).toMatch(/^rollback tidemark 2 /);
  });

  it('goes back to the revision that is asked for', () => {
    helm(history('superseded', 'superseded', 'deployed'));
    deploy(['rollback'], { REVISION: '1' });
    expect(calls('helm').find((call) => call.startsWith('rollback'))).toMatch(/^rollback tidemark 1 /);
  });

  it('does not go back where nothing ran before', () => {
    expect(deploy(['rollback'])).toMatchObject({ status: 1, stderr: expect.stringContaining('no revision') });
    expect(calls('helm').some((call) => call.startsWith('rollback'))).toBe(false);
  });

  it('takes away review environments, and no other namespace', () => {
    expect(deploy(['stop-review'], { NAMESPACE: 'tidemark' })).toMatchObject({ status: 1 });
    expect(calls('kubectl')).toEqual([]);
    expect(deploy(['stop-review'])).toMatchObject({ status: 0 });
    expect(calls('kubectl').at(-1)).toContain('delete namespace tidemark-review-7');
  });
});
