import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFakeApps } from '../../../../test/standalone/fake-apps.js';
import { startProgram, type TypescriptProgram } from '../../../../test/standalone/typescript-program.js';
import { freePort } from '../../../../test/support/free-port.mjs';
import { identify, sendSignal, waitUntil } from '@app/embedded';

const parent = mkdtempSync(join(tmpdir(), 'tidemark-launcher-'));
chmodSync(parent, 0o755);
const home = join(parent, 'home');
const apps = join(parent, 'apps');
const started: TypescriptProgram[] = [];
let environment: NodeJS.ProcessEnv;

function launch(folder = apps, more: NodeJS.ProcessEnv = {}, mode = 'demo'): TypescriptProgram {
  const program = startProgram('run-launcher.ts', [folder, mode], { TIDEMARK_HOME: home, ...environment, ...more });
  started.push(program);
  return program;
}

/** Pids of all children that the launcher has noted; none before its first start. */
function children(): number[] {
  const file = join(home, 'demo', 'processes.json');
  if (!existsSync(file)) return [];
  const noted = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }[];
  return noted.map(({ pid }) => pid);
}

function runs(pid: number): boolean {
  return identify(pid) !== undefined;
}

beforeAll(async () => {
  writeFakeApps(apps);
  const names = ['API_PORT', 'CONTROL_PORT', 'WORKER_PORT', 'SIMULATOR_PORT'];
  const ports: string[] = [];
  while (ports.length < names.length) ports.push(String(await freePort()));
  environment = Object.fromEntries(names.map((name, index) => [name, ports[index]]));
});
afterEach(async () => {
  for (const program of started.splice(0)) {
    program.process.kill('SIGTERM');
    await program.ended;
  }
});
afterAll(() => rmSync(parent, { recursive: true }));

describe('the launcher', () => {
  it('tells what runs where, shows slots, refuses a second one, and ends everything when asked to', async () => {
    const launcher = launch();
    await launcher.line(/^all processes are ready [\d.]+ s after start$/);
    await launcher.line(/^first price stored [\d.]+ s after start$/);
    await launcher.line(/^00:00:05Z {2}btc_usd 1\.50 deribit {3}eth_usd 1\.50 deribit$/);
    const text = launcher.lines.join('\n');
    expect(text).toContain(`http://127.0.0.1:${environment['API_PORT']}/docs`);
    expect(text).toContain(`hook http://127.0.0.1:${environment['SIMULATOR_PORT']}`);

    const second = launch();
    expect(await second.line(/^refused/)).toContain(
      `already runs on ${join(home, 'demo')} (process ${launcher.process.pid})`,
    );

    const pids = children();
    expect(pids.length).toBeGreaterThanOrEqual(5);
    expect(pids.every(runs)).toBe(true);
    launcher.process.kill('SIGTERM');
    expect(await launcher.ended).toEqual({ status: 0, signal: null });
    expect(pids.filter(runs)).toEqual([]);
  });

  it('starts a dead child again, store or app', async () => {
    const launcher = launch();
    await launcher.line(/^all processes are ready/);
    for (const pid of children()) sendSignal(pid, 'SIGKILL');
    await launcher.line(/^! worker ended with signal SIGKILL; it is started again in 0\.2 s$/);
    await launcher.line(/^! postgres is back$/);
    expect(await waitUntil(() => children().length >= 5 && children().every(runs), { limitMs: 10_000 })).toBe(true);
  });

  it('tells the scheduler of catalogue and interval once a run, so that its restart undoes no change', async () => {
    const launcher = launch(apps, { CATALOGUE_FILE: '/my/tickers.yaml', SAMPLE_INTERVAL_SECONDS: '7' });
    const said = (): string[] => {
      const log = readFileSync(join(home, 'demo', 'logs', 'scheduler.log'), 'utf8');
      return [...log.matchAll(/"told":"([^"]*)"/g)].map(([, text = '']) => text);
    };
    await launcher.line(/^all processes are ready/);
    const before = said().length;
    expect(said().at(-1)).toBe('/my/tickers.yaml every 7 s');
    for (const pid of children()) sendSignal(pid, 'SIGKILL');
    await launcher.line(/^! scheduler ended with signal SIGKILL/);
    expect(await waitUntil(() => said().length > before, { limitMs: 10_000 })).toBe(true);
    expect(said().at(-1)).toBe('undefined every undefined s');
  });

  it('names a source that never answers after the banner, having asked it from the very start', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const more = { DERIBIT_URL: `http://127.0.0.1:${port}`, DATABASE_URL: 'postgres://mine' };
    const launcher = launch(apps, more, 'start');
    const fault = await launcher.line(/^! deribit cannot be reached/);
    // What the start itself took is no longer the source's.
    expect(Number(/no answer in (\d+) ms/.exec(fault)?.[1])).toBeLessThan(4_000);
    const text = launcher.lines.join('\n');
    expect(text).toMatch(
      /Tidemark: real prices[^]*! DATABASE_URL is not used here: [^]*quick-start\.md[^]*! deribit cannot/,
    );
    await new Promise((resolve) => void silent.close(resolve));
  });

  it('takes its children along when it is killed by kill -9, and starts again at once on the same ports', async () => {
    const killed = launch();
    await killed.line(/^all processes are ready/);
    const pids = children();
    killed.process.kill('SIGKILL');
    const next = launch();
    await next.line(/^all processes are ready/);
    expect(pids.filter(runs)).toEqual([]);
  });

  it('names a port in use before it starts anything', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(Number(environment['WORKER_PORT']), '127.0.0.1', resolve));
    const launcher = launch();
    await launcher.line(/^WORKER_PORT \d+ is in use.*set WORKER_PORT to another port/);
    expect((await launcher.ended).status).toBe(2);
    expect(children().filter(runs)).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['that a new start may mend', 1, 'The database could not be prepared:'],
    ['that no new start mends', 2, 'migrate cannot run, and no new start would mend that:'],
  ])('ends with the words of migrate when it fails with a fault %s', async (_what, status, heading) => {
    const broken = join(parent, `broken-apps-${status}`);
    writeFakeApps(broken, `console.error('migrate: no right to\\n\\n  CREATE ROLE x;'); process.exit(${status})`);
    const launcher = launch(broken, { QUEUE_STORE: 'postgres' });
    expect((await launcher.ended).status).toBe(status);
    const log = join(home, 'demo', 'logs', 'migrate.log');
    expect(launcher.lines.slice(-4)).toEqual([
      `refused: ${heading}`,
      'migrate: no right to',
      '  CREATE ROLE x;',
      `Its log: ${log}`,
    ]);
    expect(children().filter(runs)).toEqual([]);
  });

  it('ends with the words of a process that says later that no new start would help', async () => {
    const broken = join(parent, 'broken-scheduler');
    writeFakeApps(broken, undefined, `console.error('X is not usable:\\n  - y: z'); process.exit(2)`);
    const launcher = launch(broken, { QUEUE_STORE: 'postgres' });
    expect((await launcher.ended).status).toBe(2);
    expect(launcher.lines.slice(-4)).toEqual([
      'refused: scheduler cannot run, and no new start would mend that:',
      'X is not usable:',
      '  - y: z',
      `Its log: ${join(home, 'demo', 'logs', 'scheduler.log')}`,
    ]);
    expect(launcher.lines.join('\n')).not.toContain('started again');
    expect(children().filter(runs)).toEqual([]);
  });

  it('goes on without a process that says so after it was ready, and tries that one again', async () => {
    const failing = join(parent, 'failing-scheduler');
    writeFakeApps(
      failing,
      undefined,
      `import { createServer } from 'node:http';
      if (process.env.CATALOGUE_FILE === undefined) {
        console.error('X is not usable:\\n  - y: z');
        process.exit(2);
      }
      const server = createServer(({ url }, response) => response.end('{}', () => url === '/die' && process.exit(3)));
      server.listen(Number(process.env.CONTROL_PORT), '127.0.0.1');
      process.on('SIGTERM', () => process.exit(0));`,
    );
    const launcher = launch(failing, { QUEUE_STORE: 'postgres', CATALOGUE_FILE: '/my/tickers.yaml' });
    await launcher.line(/^all processes are ready/);
    await fetch(`http://127.0.0.1:${environment['CONTROL_PORT']}/die`);
    await launcher.line(/started again in 5 s/);
    expect(launcher.lines.join('\n').replaceAll(/\n {2}/g, ' ')).toMatch(
      /! scheduler cannot run, and no new start would mend that: X is not usable: {3}- y: z Its log: [^]*! scheduler ended with status 2: what it said has to be mended first, and the others go on; it is started again in 5 s/,
    );
    expect((await fetch(`http://127.0.0.1:${environment['API_PORT']}/`)).ok).toBe(true);
    launcher.process.kill('SIGTERM');
    expect(await launcher.ended).toEqual({ status: 0, signal: null });
  });

  it('says everything that has to be mended, and starts nothing', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(Number(environment['API_PORT']), '127.0.0.1', resolve));
    const fresh = join(parent, 'fresh');
    const launcher = launch(apps, {
      TIDEMARK_HOME: fresh,
      CATALOGUE_FILE: '/mistyped.yaml',
      NODE_EXTRA_CA_CERTS: '/not/there.pem',
    });
    expect((await launcher.ended).status).toBe(2);
    expect(launcher.lines.filter((line) => !line.startsWith('Warning: Ignoring extra certs'))).toEqual([
      'refused: Nothing was started, since this has to be mended first:',
      'NODE_EXTRA_CA_CERTS: the file of NODE_EXTRA_CA_CERTS, /not/there.pem, cannot be read (ENOENT).',
      'CATALOGUE_FILE /mistyped.yaml is not usable:',
      '  - tickers: must be a list of tickers',
      expect.stringMatching(/^API_PORT \d+ is in use.*set API_PORT to another port\.$/),
    ]);
    expect(existsSync(join(fresh, 'demo', 'postgres'))).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });

  it('names a folder that cannot be made', async () => {
    const launcher = launch(apps, { TIDEMARK_HOME: join(apps, 'package.json') });
    expect((await launcher.ended).status).toBe(2);
    expect(launcher.lines.join('\n')).toMatch(
      /TIDEMARK_HOME: .*package\.json\/demo cannot be written \(ENOTDIR\): set TIDEMARK_HOME to a folder that can be\./,
    );
  });
});
