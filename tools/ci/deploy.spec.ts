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
    ...statuses.map((status, index) => `${index + 1}       \tnow\t${status}\ttidemark-0.1.0\t0.1.0\tdone`),
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
  /** Helm as it answers to `history`, and to `get values` with the image of each revision. */
  function helm(past: string, help = '--rollback-on-failure', images: readonly string[] = []): void {
    const values = images.map((name, index) => {
      const image = `image:\n  digest: sha256:${name}\n  repository: registry.example.org/tidemark`;
      return `*'get values'*'--revision ${index + 1} '*) cat <<'END'\nconfig:\n  digest: ${index}\n${image}\nEND\n;;`;
    });
    stand(
      'helm',
      `case "$*" in history*) cat <<'END'\n${past}\nEND\n;; ${values.join('\n')} *--help) echo '  ${help}' ;; esac`,
    );
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
    expect(readFileSync(file, 'utf8')).toBe('REVIEW_URL=http://tidemark-review-7.review.example.org\n');
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

  it.each([
    ['after an upgrade', ['superseded', 'superseded', 'deployed'], ['a', 'b', 'c'], '2'],
    [
      'after an upgrade that was taken back',
      ['superseded', 'superseded', 'failed', 'deployed'],
      ['a', 'b', 'c', 'b'],
      '1',
    ],
    [
      'after two that were taken back',
      ['superseded', 'superseded', 'failed', 'superseded', 'failed', 'deployed'],
      ['a', 'b', 'c', 'b', 'd', 'b'],
      '1',
    ],
    ['after an upgrade of the values alone', ['superseded', 'superseded', 'deployed'], ['a', 'b', 'b'], '1'],
    ['while an upgrade failed and stayed', ['superseded', 'deployed', 'failed'], ['a', 'b', 'c'], '1'],
  ])('goes back to the image that ran before: %s', (_, statuses, images, expected) => {
    helm(history(...statuses), undefined, images);
    expect(deploy(['rollback'])).toMatchObject({ status: 0 });
    expect(calls('helm').find((call) => call.startsWith('rollback'))).toMatch(
      new RegExp(`^rollback tidemark ${expected} `),
    );
  });

  it('goes back to the revision that is asked for', () => {
    helm(history('superseded', 'superseded', 'deployed'));
    deploy(['rollback'], { REVISION: '1' });
    expect(calls('helm').find((call) => call.startsWith('rollback'))).toMatch(/^rollback tidemark 1 /);
  });

  it('does not go back where nothing else ran before', () => {
    helm(history('superseded', 'failed', 'deployed'), undefined, ['a', 'b', 'a']);
    expect(deploy(['rollback'])).toMatchObject({ status: 1, stderr: expect.stringContaining('no revision') });
    expect(calls('helm').some((call) => call.startsWith('rollback'))).toBe(false);
  });

  it.each([
    ['review', 'stop-review'],
    ['production', 'rollback-production'],
  ])('says for %s what to do when no price comes', (task, advice) => {
    const file = path.join(folder, 'values.yaml');
    writeFileSync(file, '');
    stand('helm', 'case "$*" in test*) exit 1 ;; esac');
    const { status, stderr } = deploy([task, file], { PRODUCTION_VALUES: file });
    expect(status).toBe(1);
    expect(stderr.match(/stop-review|rollback-production/g)).toEqual([advice]);
  });

  it('takes away review environments, and no other namespace', () => {
    expect(deploy(['stop-review'], { NAMESPACE: 'tidemark' })).toMatchObject({ status: 1 });
    expect(calls('kubectl')).toEqual([]);
    expect(deploy(['stop-review'])).toMatchObject({ status: 0 });
    expect(calls('kubectl').at(-1)).toContain('delete namespace tidemark-review-7');
  });
});
