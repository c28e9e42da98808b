import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './support/free-port.mjs';
import { examplesOf, LANGUAGES, runAsOne, type PageExample } from './support/page-examples.js';
import { makeHome, removeHome } from './support/private-home.mjs';
import { eventually } from './support/processes.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const EXAMPLES = examplesOf('docs/quick-start.md');

/** What makes `tidemark` a command, in each terminal. */
const TERMINAL = ['shopt -s expand_aliases', ...codesWith(/^alias tidemark=/m)].join('\n');

/** Commands that go on until they are ended. */
const SERVES = /tidemark (all|scheduler|worker|api)$/m;

/** `make test` has built what it runs. */
const RUN_ELSEWHERE = ['make build\n'];

function examplesWith(pattern: RegExp): PageExample[] {
  return EXAMPLES.filter(({ code }) => pattern.test(code));
}

function codesWith(pattern: RegExp): string[] {
  return examplesWith(pattern).map(({ code }) => code);
}

/** The one example of the page in which this stands. */
function exampleWith(pattern: RegExp): PageExample {
  const [example, ...others] = examplesWith(pattern);
  if (example === undefined || others.length > 0)
    throw new Error(`the page has not one example with ${String(pattern)}`);
  return example;
}

/** Whoever follows the page, with a database and roles of their own, and where the page's addresses lead. */
class Reader {
  private readonly terminals: ChildProcess[] = [];
  /** What its processes have said. */
  private said = '';

  private constructor(
    private readonly adminUrl: string,
    private readonly name: string,
    private readonly home: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  static async arrive(simulatorUrl: string): Promise<Reader> {
    const adminUrl = process.env['TEST_DATABASE_URL'];
    if (adminUrl === undefined) throw new Error('TEST_DATABASE_URL is not set');
    const name = `tidemark_quick_${randomUUID().replaceAll('-', '')}`;
    const ports = ['API_PORT', 'CONTROL_PORT', 'WORKER_PORT', 'SIMULATOR_PORT'];
    const home = makeHome('quick-start');
    return new Reader(adminUrl, name, home, {
      ...Object.fromEntries(await Promise.all(ports.map(async (port) => [port, String(await freePort())] as const))),
      PATH: process.env.PATH ?? '',
      TIDEMARK_HOME: home,
      API_DATABASE_USER: `${name}_api`,
      // In place of the network, and of a minute.
      DERIBIT_URL: `${simulatorUrl}/deribit/api/v2`,
      SAMPLE_INTERVAL_SECONDS: '1',
    });
  }

  /** Runs what the administrator of Postgres runs. */
  async administer({ code }: PageExample): Promise<void> {
    await this.asAdmin(
      code
        .replaceAll('tidemark', this.name)
        .split(/(?<=;)\n/)
        .filter((line) => line.trim() !== ''),
    );
  }

  /** Starts what goes on, in a terminal of its own. */
  start({ code }: PageExample): void {
    const child = spawn('bash', ['-s'], { cwd: ROOT, detached: true, env: this.environment });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.said = `${this.said}${chunk.toString()}`.slice(-8_000)));
    child.stdin.end(`${TERMINAL}\n${this.fit(code)}`);
    this.terminals.push(child);
  }

  /** Runs what ends by itself. @returns what it wrote. @throws Error with what it said when it fails. */
  async run({ code }: PageExample): Promise<string> {
    const exported = Object.entries(this.environment).map(([name, value]) => `export ${name}='${value}'`);
    const outputs = await runAsOne(LANGUAGES.bash, [...exported, TERMINAL, this.fit(code)], ROOT);
    return outputs.at(-1) ?? '';
  }

  /** Runs it until it succeeds. */
  async succeed(example: PageExample): Promise<string> {
    try {
      return await eventually(example.code, 60_000, () => this.run(example));
    } catch (error) {
      throw new Error(this.said, { cause: error });
    }
  }

  /** Ends everything as Ctrl-C does. */
  async end(): Promise<void> {
    await Promise.all(
      this.terminals.splice(0).map(async (child) => {
        const gone = new Promise((resolve) => child.once('close', resolve));
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
        await gone;
      }),
    );
  }

  async leave(): Promise<void> {
    await this.end();
    removeHome(this.home);
    await this.asAdmin([
      `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`,
      `DROP ROLE IF EXISTS ${this.name}_api`,
      `DROP ROLE IF EXISTS ${this.name}`,
    ]);
  }

  private fit(code: string): string {
    const { host } = new URL(this.adminUrl);
    return code
      .replaceAll(
        /postgres:\/\/tidemark(_api)?:(\w+)@HOST:5432\/tidemark/g,
        `postgres://${this.name}$1:$2@${host}/${this.name}`,
      )
      .replaceAll(':8000/', `:${this.environment['API_PORT']}/`)
      .replaceAll('curl -s', 'curl -s --fail-with-body');
  }

  private async asAdmin(statements: readonly string[]): Promise<void> {
    const admin = new pg.Client({ connectionString: this.adminUrl });
    await admin.connect();
    try {
      for (const statement of statements) await admin.query(statement);
    } finally {
      await admin.end();
    }
  }
}

describe('Quick start with your own database', () => {
  let simulator: Reader;
  let simulatorUrl: string;
  let reader: Reader | undefined;

  beforeAll(async () => {
    const port = await freePort();
    simulatorUrl = `http://127.0.0.1:${port}`;
    simulator = await Reader.arrive(simulatorUrl);
    simulator.start({ ...exampleWith(/^alias/m), code: `SIMULATOR_PORT=${port} tidemark simulator` });
    await eventually('the simulator', 30_000, async () => (await fetch(`${simulatorUrl}/readyz`)).ok || undefined);
  });
  afterEach(async () => {
    await reader?.leave();
    reader = undefined;
  });
  afterAll(() => simulator.leave());

  const withRole = exampleWith(/CREATEROLE/);
  const withoutRole = exampleWith(/CREATE ROLE tidemark_api/);
  const ask = exampleWith(/prices\/latest/);

  it('has no command that is not run here, or named as run elsewhere', () => {
    const run = [ask, ...examplesWith(SERVES), ...examplesWith(/^alias|tidemark (migrate|health|verify)$/m)];
    const others = EXAMPLES.filter((example) => example.language === 'bash' && !run.includes(example));
    expect(others.map(({ code }) => code)).toEqual(RUN_ELSEWHERE);
    expect(EXAMPLES.filter(({ language }) => !['bash', 'sql'].includes(language))).toEqual([]);
  });

  it('leads from an empty database to a price by one command, with the rights that it names', async () => {
    reader = await Reader.arrive(simulatorUrl);
    await reader.administer(withRole);
    reader.start(exampleWith(/^DATABASE_URL=\S+ tidemark all$/m));
    const answer = JSON.parse(await reader.succeed(ask)) as object;
    expect(Object.keys(answer)).toEqual(Object.keys(JSON.parse(ask.shown?.text ?? '') as object));
    await reader.succeed(exampleWith(/tidemark health/));
    await reader.succeed(exampleWith(/tidemark verify/));
  });

  it('leads there also with a user that may not make roles', async () => {
    reader = await Reader.arrive(simulatorUrl);
    await reader.administer(withoutRole);
    reader.start(exampleWith(/^tidemark all$/m));
    await reader.succeed(ask);
  });

  it('leads there with each process by itself', async () => {
    reader = await Reader.arrive(simulatorUrl);
    await reader.administer(withRole);
    await reader.run(exampleWith(/tidemark migrate$/m));
    for (const process of ['scheduler', 'worker', 'api'])
      reader.start(exampleWith(new RegExp(`DATABASE_URL=\\S+ tidemark ${process}$`, 'm')));
    await reader.succeed(ask);
    await reader.succeed(exampleWith(/tidemark health/));
  });
});
