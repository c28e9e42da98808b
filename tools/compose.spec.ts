import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('make up', () => {
  let folder: string;
  let api: Server;
  /** What /readyz answers, one after the other; the last one from then on. */
  let answers: number[];

  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-compose-'));
    mkdirSync(path.join(folder, 'tools'));
    cpSync(path.join(ROOT, 'tools/compose.sh'), path.join(folder, 'tools/compose.sh'));
    cpSync(path.join(ROOT, 'compose.demo.env'), path.join(folder, 'compose.demo.env'));
    standIn('echo "project ${COMPOSE_PROJECT_NAME-of the file}, mode ${TIDEMARK_MODE:-live}: $*"');
    answers = [200];
    api = createServer((_request, response) => {
      const status = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(status ?? 503).end();
    });
    await new Promise<void>((resolve) => api.listen(0, resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => api.close(resolve));
    rmSync(folder, { recursive: true });
  });

  /** What stands for docker compose. */
  function standIn(script: string): void {
    writeFileSync(path.join(folder, 'compose'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  const port = (): string => String((api.address() as AddressInfo).port);

  async function end(args: readonly string[], variables: Record<string, string> = {}) {
    const child = spawn('bash', [path.join(folder, 'tools/compose.sh'), ...args], {
      env: { PATH: process.env.PATH, COMPOSE: './compose', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { status: await ended, stdout, stderr };
  }

  async function run(args: readonly string[], variables: Record<string, string> = {}): Promise<string> {
    const { status, stdout, stderr } = await end(args, variables);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  it('leaves the name of the project to docker-compose.yml', async () => {
    expect(await run(['ps'])).toBe('project of the file, mode live: ps\n');
    expect(await run(['ps'], { COMPOSE_PROJECT_NAME: '' })).toContain('project of the file');
    expect(await run(['ps'], { COMPOSE_PROJECT_NAME: 'mine' })).toContain('project mine');
  });

  it('runs the demo as a project of its own, and keeps what the environment says', async () => {
    expect(await run(['down'], { DEMO: '1' })).toBe(
      'project tidemark-demo, mode simulated: --profile demo down --remove-orphans\n',
    );
    expect(await run(['ps'], { DEMO: '1', COMPOSE_PROJECT_NAME: 'mine' })).toContain('project mine, mode simulated');
  });

  it('removes the volumes when it is told so, and else keeps them', async () => {
    expect(await run(['down'], { VOLUMES: '1' })).toBe(
      'project of the file, mode live: down --remove-orphans --volumes\n',
    );
    expect(await run(['down'], { VOLUMES: '' })).toBe('project of the file, mode live: down --remove-orphans\n');
  });

  it('says the addresses that .env decides, unless the environment does', async () => {
    writeFileSync(
      path.join(folder, '.env'),
      `API_PORT=${port()} # free\nPUBLISH_ADDRESS="localhost"\n#CONTROL_PORT=1\n`,
    );
    expect(await run(['up'])).toContain(`http://localhost:${port()}/\n`);
    expect(await run(['up'])).toContain('http://localhost:8001/queues');
    expect(await run(['up'], { PUBLISH_ADDRESS: '127.0.0.1' })).toContain(`http://127.0.0.1:${port()}/\n`);
  });

  it('ends when the API is ready', async () => {
    answers = [503, 503, 200];
    expect(await run(['up'], { API_PORT: port(), PUBLISH_ADDRESS: '0.0.0.0' })).toContain('API: ');
    expect(answers).toEqual([200]);
  });

  it('says where to look when the API does not become ready', async () => {
    answers = [503];
    const { status, stderr } = await end(['up'], { API_PORT: port(), READY_WITHIN_SECONDS: '1', DEMO: '1' });
    expect(status).toBe(1);
    expect(stderr).toBe('The API is not ready after 1 s: look at `make ps DEMO=1` and `make logs DEMO=1`.\n');
  });

  it.each([
    { demo: '', other: 'make down DEMO=1' },
    { demo: '1', other: 'make down' },
  ])('asks after the other system when it cannot start (DEMO=$demo)', async ({ demo, other }) => {
    standIn('echo "address already in use" >&2; exit 125');
    const { status, stderr } = await end(['up'], { DEMO: demo, API_PORT: port() });
    expect(status).toBe(125);
    expect(stderr).toContain('address already in use\n');
    expect(stderr).toContain(`\`${other}\``);
  });
});
