import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from './support/free-port.mjs';
import { makeHome, removeHome } from './support/private-home.mjs';
import { eventually } from './support/processes.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** Every command of the README: indented lines, and `make ...` in running text. */
const COMMANDS = [
  ...[...README.matchAll(/^ {4}(make|curl|npm) ?(.*?)(?: {2,}#.*)?$/gm)].map(([, program, rest]) =>
    `${program} ${rest}`.trim(),
  ),
  ...[...README.matchAll(/`(make [^`]+)`/g)].map(([, command]) => command ?? ''),
];

/** Commands that are run elsewhere, by name: `make test` is what runs this, and `make test-compose` runs those that need containers. */
const RUN_ELSEWHERE = [
  'make test',
  'make up',
  'make ps',
  'make down',
  'make logs',
  'make image',
  'helm install',
  'helm test',
];

/** The part of the README about a run that stops, from its first command on. */
const STORY = /^ {4}export TIDEMARK_MODE.*?(?=^## )/ms.exec(README) ?? [''];

/** The environment without what would name a database of somebody else's. */
function withoutDatabase(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(DATABASE_URL|POSTGRES_)/.test(name)));
}

/** A launcher started by make, in a folder and on ports of its own. */
class MadeSystem {
  readonly output: string[] = [];

  private constructor(
    readonly child: ChildProcess,
    readonly ports: Readonly<Record<string, string>>,
  ) {}

  static async start(command: string, home: string): Promise<MadeSystem> {
    const names = ['API_PORT', 'CONTROL_PORT', 'WORKER_PORT', 'SIMULATOR_PORT'];
    const ports = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, String(await freePort())] as const)),
    );
    const [program = '', ...args] = command.split(' ');
    // A group of its own, so that it can be told to end as by Ctrl-C on its terminal.
    const child = spawn(program, args, {
      cwd: ROOT,
      detached: true,
      env: { ...withoutDatabase(), ...ports, TIDEMARK_HOME: home },
    });
    const system = new MadeSystem(child, ports);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => system.output.push(chunk.toString()));
    return system;
  }

  text(): string {
    return this.output.join('');
  }

  /** A command of the README with the ports and the password of this system in it. */
  fit(command: string): string {
    const password = /user tidemark, password (\S+)/.exec(this.text())?.[1] ?? '';
    return command
      .replace(':8000/', `:${this.ports.API_PORT}/`)
      .replace(':8001/', `:${this.ports.CONTROL_PORT}/`)
      .replace(':8003/', `:${this.ports.SIMULATOR_PORT}/`)
      .replace('PASSWORD', password)
      .replace(/timestamp=\d+/, `timestamp=${Math.floor(Date.now() / 1000)}`);
  }

  /** Ends it as Ctrl-C does. @returns whether it said so, and how long that took, in milliseconds. */
  async end(): Promise<{ readonly saidSo: boolean; readonly tookMs: number }> {
    const since = performance.now();
    const { child } = this;
    const gone = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await gone;
    return { saidSo: this.text().includes('Tidemark has ended.'), tookMs: performance.now() - since };
  }
}

describe('the README', () => {
  const home = makeHome('readme');
  let demo: MadeSystem;

  beforeAll(async () => {
    demo = await MadeSystem.start('make demo', home);
    await eventually('the first price', 90_000, () => demo.text().includes('first price stored') || undefined);
  }, 120_000);

  afterAll(async () => {
    const end = await demo?.end();
    removeHome(home);
    // Ctrl-C ends everything within 5 s.
    expect(end?.saidSo).toBe(true);
    expect(end?.tookMs).toBeLessThan(5_000);
  });

  it('has no command that is not run here or named as run elsewhere', () => {
    const known = ['make demo', 'make start', 'make smoke', 'make verify', 'make help', ...RUN_ELSEWHERE];
    const unknown = COMMANDS.filter(
      (command) => !/^(curl|npm) /.test(command) && !known.some((name) => command.startsWith(name)),
    );
    expect(unknown).toEqual([]);
    expect(COMMANDS.length).toBeGreaterThan(6);
  });

  it('shows requests that are answered', () => {
    const curls = COMMANDS.filter((command) => command.startsWith('curl '));
    expect(curls).toHaveLength(9);
    for (const command of curls) {
      const answer = spawnSync('sh', ['-c', `${demo.fit(command)} --fail-with-body`], { encoding: 'utf8' });
      expect({ command, status: answer.status, answer: answer.stdout.slice(0, 400) }).toMatchObject({ status: 0 });
    }
  });

  it('shows the answer that the first request gives', () => {
    const shown = JSON.parse(/```json\n(.*?)\n```/s.exec(README)?.[1]?.replace('WzEs…', 'x') ?? '') as Shape;
    const [command = ''] = COMMANDS.filter((candidate) => candidate.startsWith('curl '));
    const given = JSON.parse(spawnSync('sh', ['-c', demo.fit(command)], { encoding: 'utf8' }).stdout) as Shape;
    expect(shapeOf(given)).toEqual(shapeOf(shown));
  });

  it('shows commands of the command line that work', async () => {
    const answer = path.join(home, 'answer.json');
    await writeFile(answer, '{"bitcoin":{"usd":87123.450,"last_updated_at":1795196285}}');
    const commands = COMMANDS.filter((command) => /^npm (?!.* etl )/.test(command));
    expect(commands).toHaveLength(7);
    for (const command of commands) {
      const result = spawnSync(
        'sh',
        ['-c', command.replace('answer.json', answer).replace(/\d{10}$/, String(Math.floor(Date.now() / 1000)))],
        {
          cwd: ROOT,
          encoding: 'utf8',
          env: {
            ...withoutDatabase(),
            API_PORT: demo.ports.API_PORT,
            TIDEMARK_HOME: home,
            KRAKEN_URL: `http://127.0.0.1:${demo.ports.SIMULATOR_PORT}/kraken`,
          },
        },
      );
      expect({ command, status: result.status, stderr: result.stderr }).toMatchObject({ status: 0 });
      expect(result.stdout).toMatch(/kraken|87123\.450|npm run new-source|btc_usd/);
    }
  }, 60_000);

  it('asks the running demo by `make smoke` whether it works', () => {
    const [command = ''] = COMMANDS.filter((candidate) => candidate.startsWith('make smoke '));
    const result = spawnSync('sh', ['-c', demo.fit(`${command}/`)], { cwd: ROOT, encoding: 'utf8' });
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('4 of 4 checks passed') });
  }, 60_000);

  it('tells how a run stops after ten records, and what the next one does', async () => {
    const folder = makeHome('readme-lists');
    const [start = ''] = COMMANDS.filter((command) => command.startsWith('make demo ETL_'));
    const quiet = await MadeSystem.start(start, folder);
    await eventually('the first price', 90_000, () => quiet.text().includes('first price stored') || undefined);
    const steps = [...(STORY[0] ?? '').matchAll(/^ {4}((?:export|npm|curl|[A-Z_]+=).*)$/gm)].map(([, step]) =>
      quiet.fit(step ?? ''),
    );
    const [exports = '', ...commands] = steps;
    const said = commands.map((command) => {
      const env = { ...withoutDatabase(), TIDEMARK_HOME: folder };
      return spawnSync('sh', ['-c', `${exports}; ${command}`], { cwd: ROOT, encoding: 'utf8', env }).stdout.trim();
    });
    const shown = [...(STORY[0] ?? '').matchAll(/```(text|json5)\n(.*?)\n```/gs)].map(([, kind, text = '']) =>
      kind === 'text' ? text : JSON.stringify(valueOf(text)),
    );
    expect(said.map(withoutTimes)).toEqual(shown.map(withoutTimes));
    expect((await quiet.end()).saidSo).toBe(true);
    removeHome(folder);
  }, 120_000);

  it('proves the running demo by `make verify`', async () => {
    const result = spawnSync('make', ['verify'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...withoutDatabase(), TIDEMARK_HOME: home },
    });
    expect({ status: result.status, stdout: result.stdout, stderr: result.stderr }).toMatchObject({ status: 0 });
  }, 60_000);

  it('names in `make help` every target of make that the README names', () => {
    const help = spawnSync('make', ['help'], { cwd: ROOT, encoding: 'utf8' }).stdout;
    for (const command of COMMANDS.filter((candidate) => candidate.startsWith('make '))) {
      expect(help).toContain(`make ${command.split(' ')[1]}`);
    }
  });

  const starts = COMMANDS.filter((candidate) => candidate.startsWith('make start CATALOGUE_FILE'));

  it('starts with two catalogues against the real sources, and one against the simulator', () => {
    expect(starts).toHaveLength(2);
    expect(COMMANDS.filter((command) => command.startsWith('make demo CATALOGUE_FILE'))).toHaveLength(1);
  });

  it.each(COMMANDS.filter((command) => command.startsWith('make demo CATALOGUE_FILE')))(
    'has prices soon after `%s`',
    async (command) => {
      const folder = makeHome('readme-majors');
      const majors = await MadeSystem.start(command, folder);
      await eventually('the first price', 90_000, () => majors.text().includes('first price stored') || undefined);
      expect((await majors.end()).saidSo).toBe(true);
      removeHome(folder);
    },
    120_000,
  );

  it.each(starts)(
    'starts with `%s`, and names a source that cannot be reached within 5 s',
    async (command) => {
      const names = ['DERIBIT', 'COINGECKO', 'COINPAPRIKA', 'COINCAP', 'BINANCE', 'COINBASE', 'KRAKEN', 'BITSTAMP'];
      const unreachable = Object.fromEntries(names.map((name) => [`${name}_URL`, 'http://127.0.0.1:1']));
      const folder = makeHome('readme-start');
      Object.assign(process.env, unreachable);
      const start = await MadeSystem.start(command, folder);
      for (const name of Object.keys(unreachable)) delete process.env[name];
      await eventually('the banner', 60_000, () => start.text().includes('Data folder') || undefined);
      const since = performance.now();
      await eventually(
        'the unreachable source to be named',
        20_000,
        () => /deribit.*make demo/is.test(start.text()) || undefined,
      );
      expect(performance.now() - since).toBeLessThan(5_000);
      expect((await start.end()).saidSo).toBe(true);
      removeHome(folder);
    },
    120_000,
  );
});

interface Shape {
  readonly [key: string]: unknown;
}

/** The names and types of an answer, without its values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

/** What JSON5 of the README says: names and texts of its kind alone. */
function valueOf(text: string): unknown {
  const strict = text
    .replace(/([{,]\s*)(\w+):/g, '$1"$2":')
    .replace(/'([^']*)'/g, '"$1"')
    .replace(/,(\s*[}\]])/g, '$1');
  return JSON.parse(strict);
}

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}
