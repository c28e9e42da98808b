import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('the scripts that make images in CI', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-images-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A program that notes down what it is called with. */
  function stand(name: string, script = ''): void {
    writeFileSync(path.join(folder, name), `#!/bin/sh\nprintf '%s\\n' "$@" >>"${folder}/${name}.called"\n${script}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  const calls = (name: string) =>
    readFileSync(path.join(folder, `${name}.called`), 'utf8')
      .trimEnd()
      .split('\n');

  function run(script: string, args: readonly string[], variables: Record<string, string>) {
    return spawnSync('sh', [`tools/ci/${script}`, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, ...variables },
    });
  }

  const BUILD = {
    IMAGE_REPOSITORY: 'registry.example.org/group/tidemark',
    BASE_IMAGE: `node:24-bookworm-slim@${DIGEST}`,
    CI_COMMIT_SHA: 'c60f282c60f282c60f282c60f282c60f282c60f2',
  };
  const buildctl = (metadata: string) =>
    stand(
      'buildctl-daemonless.sh',
      `while [ "$1" != --metadata-file ]; do shift; done\ncat >"$2" <<'END'\n${metadata}\nEND`,
    );

  it('give the name with the digest that BuildKit tells', () => {
    buildctl(`{\n  "buildx.build.ref": "a/b",\n  "containerimage.digest": "${DIGEST}",\n  "image.name": "x"\n}`);
    const file = path.join(folder, 'image.env');
    expect(run('build-image.sh', ['tidemark-ccxt', file], BUILD)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe(`TIDEMARK_CCXT_IMAGE=registry.example.org/group/tidemark@${DIGEST}\n`);
    const called = calls('buildctl-daemonless.sh');
    expect(called).toContain('target=tidemark-ccxt');
    expect(called).toContain(`build-arg:NODE_IMAGE=${BUILD.BASE_IMAGE}`);
    expect(called).toContain(`build-arg:REVISION=${BUILD.CI_COMMIT_SHA}`);
    expect(called).toContain(`label:org.opencontainers.image.base.digest=${DIGEST}`);
    expect(called).toContain(`type=image,name=${BUILD.IMAGE_REPOSITORY}:${BUILD.CI_COMMIT_SHA}-ccxt,push=true`);
    expect(called.find((text) => text.startsWith('build-arg:VERSION='))).toMatch(/=\d+\.\d+\.\d+-c60f282c$/);
  });

  it('name the version of the tag', () => {
    buildctl(`{"containerimage.digest":"${DIGEST}"}`);
    run('build-image.sh', ['tidemark', path.join(folder, 'image.env')], { ...BUILD, CI_COMMIT_TAG: 'v1.2.3' });
    expect(calls('buildctl-daemonless.sh')).toContain('build-arg:VERSION=1.2.3');
    expect(readFileSync(path.join(folder, 'image.env'), 'utf8')).toMatch(/^TIDEMARK_IMAGE=/);
  });

  it('build on no base without a digest', () => {
    buildctl('{}');
    const built = run('build-image.sh', ['tidemark', path.join(folder, 'image.env')], {
      ...BUILD,
      BASE_IMAGE: 'node:24',
    });
    expect(built).toMatchObject({ status: 64, stderr: expect.stringContaining('node:24') });
    expect(existsSync(path.join(folder, 'buildctl-daemonless.sh.called'))).toBe(false);
  });

  it('fail where BuildKit fails, and where it tells no digest', () => {
    const file = path.join(folder, 'image.env');
    stand('buildctl-daemonless.sh', 'exit 3');
    expect(run('build-image.sh', ['tidemark', file], BUILD).status).toBe(3);
    buildctl('{}');
    expect(run('build-image.sh', ['tidemark', file], BUILD)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no digest'),
    });
    expect(existsSync(file)).toBe(false);
  });

  it('sign digests alone, and verify them as what the pipeline is', () => {
    stand('cosign');
    const variables = {
      CI_SERVER_URL: 'https://gitlab.com',
      CI_PROJECT_URL: 'https://gitlab.com/g/tidemark',
      CI_COMMIT_BRANCH: 'main',
    };
    expect(run('sign-image.sh', ['registry.example.org/a:1', 'sbom.json'], variables).status).toBe(64);
    expect(run('sign-image.sh', [`registry.example.org/a@${DIGEST}`, 'sbom.json'], variables).status).toBe(0);
    expect(calls('cosign').filter((text) => /^(sign|attest|verify|verify-attestation)$/.test(text))).toEqual([
      'sign',
      'attest',
      'verify',
      'verify-attestation',
    ]);
    expect(calls('cosign')).toContain('https://gitlab.com/g/tidemark//.gitlab-ci.yml@refs/heads/main');
  });

  it('write the login to the registry so that only its owner can read it', () => {
    const variables = {
      CI_REGISTRY: 'registry.example.org',
      CI_REGISTRY_USER: 'ci',
      CI_REGISTRY_PASSWORD: 'a "long\\ one',
    };
    expect(run('registry-login.sh', [], variables).status).toBe(0);
    const file = path.join(folder, '.docker/config.json');
    const { auths } = JSON.parse(readFileSync(file, 'utf8')) as { auths: Record<string, { auth: string }> };
    expect(Buffer.from(auths['registry.example.org']?.auth ?? '', 'base64').toString()).toBe('ci:a "long\\ one');
    expect(statSync(file).mode & 0o77).toBe(0);
    expect(run('registry-login.sh', [], {}).stderr).toContain('CI_REGISTRY');
  });
});
