import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { freePort } from './support/free-port.mjs';
import { makeHome, removeHome } from './support/private-home.mjs';
import { eventually } from './support/processes.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = readFileSync(path.join(ROOT, 'docs/add-a-source.md'), 'utf8');

/** Every command of the page, in order: the indented lines. */
const COMMANDS = [...PAGE.matchAll(/^ {4}((?:make|curl|npm|npx) .*)$/gm)].map(([, command = '']) => command);

/** The files that the page has one write, by their names: a name alone on its line, and the text of the block below. */
const FILES = [...PAGE.matchAll(/^`([a-z.]+)`:\n\n```[a-z]+\n(.*?)^```/gms)].map(
  ([, name = '', text = '']) => [name, text] as const,
);

/** What the checkout needs of itself to be changed, built and checked in another place. */
const COPIED =
  `apps libs tools test dist docs helm Makefile package.json package-lock.json tsconfig.json tsconfig.build.json
  .env.example docker-compose.yml compose.demo.env eslint.config.mjs jest.config.mjs .dependency-cruiser.cjs .prettierrc.json .editorconfig`.split(
    /\s+/,
  );

/** A copy of the checkout in which the page is followed, on stores and ports of its own; the made-up API, which answers for real. */
class Walk {
  readonly output: string[] = [];
  private constructor(
    readonly folder: string,
    private readonly home: string,
    private readonly api: Server,
    private readonly ports: Readonly<Record<string, string>>,
  ) {}

  static async begin(): Promise<Walk> {
    // In the checkout, for packages are linked and not copied: a link of their folder would be another path to every rule and to `make`.
    await mkdir(path.join(ROOT, '.tidemark'), { recursive: true });
    const folder = await mkdtemp(path.join(ROOT, '.tidemark/add-a-source-'));
    for (const name of COPIED)
      await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true, preserveTimestamps: true });
    execFileSync('cp', ['-al', path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules')]);
    // Newer than everything: what is copied is installed and built.
    await rm(path.join(folder, 'node_modules/.package-lock.json'));
    await cp(path.join(ROOT, 'node_modules/.package-lock.json'), path.join(folder, 'node_modules/.package-lock.json'));
    await writeFile(path.join(folder, 'dist/.built'), '');
    // Private stores are kept where every user may go.
    const home = makeHome('add-a-source');
    const api = createServer((request, response) => {
      const symbol = new URL(request.url ?? '', 'http://api.example.com').searchParams.get('symbol');
      const data = { symbol, last: '61200.50', bid: '61200.49', at: Date.now() };
      const isKnown = request.url?.startsWith('/v1/ticker?') === true && symbol === 'BTC-USD';
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isKnown ? { status: 'ok', data } : { message: 'Unknown symbol' }));
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    const names = ['API_PORT', 'CONTROL_PORT', 'WORKER_PORT', 'SIMULATOR_PORT'];
    const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())] as const));
    return new Walk(folder, home, api, Object.fromEntries(ports));
  }

  async end(): Promise<void> {
    this.api.close();
    removeHome(this.home);
    removeHome(this.folder);
  }

  /** Writes files of the page. */
  async write(files: typeof FILES): Promise<void> {
    for (const [name, text] of files) await writeFile(path.join(this.folder, name), text);
  }

  /** The address of the made-up API. */
  get url(): string {
    return `http://127.0.0.1:${(this.api.address() as AddressInfo).port}`;
  }

  /** Runs a command of the page to its end. @returns what it wrote. @throws Error with that, when it fails. */
  async run(command: string): Promise<string> {
    const { child, text } = this.start(command);
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0) throw new Error(`${command} ended with ${status}:\n${text()}`);
    return text();
  }

  /** Starts a system by a command of the page, and ends it when it has a price of the source. @returns the newest prices. */
  async prices(command: string, ask: string, source: string): Promise<string> {
    const { child, text } = this.start(command);
    try {
      await eventually(`a price of ${source} after ${command}`, 120_000, () => {
        return child.exitCode !== null || new RegExp(`btc_usd [\\d.]+ ${source}$`, 'm').test(text()) || undefined;
      });
      if (child.exitCode !== null) throw new Error(`${command} has ended:\n${text()}`);
      return await this.run(ask);
    } finally {
      const gone = child.exitCode === null ? once(child, 'close') : undefined;
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
      await gone;
    }
  }

  private start(command: string): { readonly child: ChildProcess; readonly text: () => string } {
    const fitted = command
      .replace(':8000/', `:${this.ports['API_PORT']}/`)
      .replace(/(curl .*)https:\/\/api\.example\.com/, (_whole, before: string) => before + this.url);
    // What the launcher is not told of, it takes from the address of the source itself.
    const isReal = /^npm run -s cli -- fetch/.test(command);
    const child = spawn('sh', ['-c', fitted], {
      cwd: this.folder,
      detached: true,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...this.ports,
        TIDEMARK_HOME: this.home,
        ...(isReal ? { EXAMPLE_URL: this.url } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    return { child, text: () => output.join('') };
  }
}

function command(pattern: RegExp): string {
  const found = COMMANDS.find((candidate) => pattern.test(candidate));
  if (found === undefined) throw new Error(`the page has no command ${String(pattern)}`);
  return found;
}

describe('docs/add-a-source.md, followed to the letter', () => {
  let walk: Walk;
  const done = new Set<string>();
  const run = (pattern: RegExp): Promise<string> => {
    done.add(command(pattern));
    return walk.run(command(pattern));
  };
  const prices = (start: RegExp, ask: RegExp, source = 'example'): Promise<string> => {
    for (const pattern of [start, ask]) done.add(command(pattern));
    return walk.prices(command(start), command(ask), source);
  };

  beforeAll(async () => {
    walk = await Walk.begin();
  });
  afterAll(() => walk.end());

  it('has prices of a declared source, then of a generated one, in the demo and from the API itself', async () => {
    const names = ['answer.json', 'sources.yaml', 'catalogue.yaml', 'catalogue.yaml'];
    expect(FILES.map(([name]) => name)).toEqual(names);
    await walk.write(FILES.slice(0, 3));
    const declared = await prices(/^make demo HTTP_SOURCES_FILE/, /^curl .*limit=1/, 'example-http');
    expect(JSON.parse(declared)).toMatchObject({ data: [{ source: 'example-http' }] });

    await run(/^curl -s -o answer\.json/);
    expect(await run(/^npm run -s new-source/)).toContain('written  libs/sources/src/providers/example.source.ts');
    expect(await run(/^npm run -s cli -- parse/)).toContain('"price":"61200.50"');
    await run(/^npm run -s jest/);
    await Promise.all([run(/^npm run -s types/), run(/^npx eslint/)]);

    await walk.write(FILES.slice(3));
    const simulated = await prices(/^make demo CATALOGUE_FILE/, /^curl .*latest/);
    expect(JSON.parse(simulated)).toMatchObject({ source: 'example' });
    expect(await run(/^npm run -s cli -- fetch/)).toContain('61200.50');

    // What differs from the demo is the address, which `fetch` has asked above; `make start` itself is run by readme.system.spec.ts.
    expect(COMMANDS.filter((candidate) => !done.has(candidate))).toEqual([command(/^make start/)]);
  }, 600_000);
});
