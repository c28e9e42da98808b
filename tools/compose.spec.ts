import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('make up', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-compose-'));
    mkdirSync(path.join(folder, 'tools'));
    cpSync(path.join(ROOT, 'tools/compose.sh'), path.join(folder, 'tools/compose.sh'));
    cpSync(path.join(ROOT, 'compose.demo.env'), path.join(folder, 'compose.demo.env'));
    const stand = '#!/bin/sh\necho "project ${COMPOSE_PROJECT_NAME-of the file}, mode ${TIDEMARK_MODE:-live}: $*"\n';
    writeFileSync(path.join(folder, 'compose'), stand, { mode: 0o755 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(args: readonly string[], variables: Record<string, string> = {}): string {
    const { status, stdout, stderr } = spawnSync('bash', [path.join(folder, 'tools/compose.sh'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, COMPOSE: './compose', ...variables },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  it('leaves the name of the project to docker-compose.yml', () => {
    expect(run(['ps'])).toBe('project of the file, mode live: ps\n');
    expect(run(['ps'], { COMPOSE_PROJECT_NAME: '' })).toContain('project of the file');
    expect(run(['ps'], { COMPOSE_PROJECT_NAME: 'mine' })).toContain('project mine');
  });

  it('runs the demo as a project of its own, and keeps what the environment says', () => {
    expect(run(['down'], { DEMO: '1' })).toBe(
      'project tidemark-demo, mode simulated: --profile demo down --remove-orphans\n',
    );
    expect(run(['ps'], { DEMO: '1', COMPOSE_PROJECT_NAME: 'mine' })).toContain('project mine, mode simulated');
  });

  it('says the addresses that .env decides, unless the environment does', () => {
    writeFileSync(path.join(folder, '.env'), 'API_PORT=9000 # free\nPUBLISH_ADDRESS="10.0.0.7"\n#CONTROL_PORT=1\n');
    expect(run(['up'])).toContain('http://10.0.0.7:9000/\n');
    expect(run(['up'])).toContain('http://10.0.0.7:8001/queues');
    expect(run(['up'], { API_PORT: '9001' })).toContain('http://10.0.0.7:9001/\n');
  });
});
