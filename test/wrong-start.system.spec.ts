import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createEmptyDatabase } from './support/empty-database.js';
import { freePort } from './support/free-port.mjs';
import { makeHome, removeHome } from './support/private-home.mjs';
import { eventually, runToEnd, startProcess } from './support/processes.js';

const TIDEMARK = 'cli/src/main.js';
const LAUNCHER = 'standalone/src/main.js';

/** What is printed of a fault of the program itself, and must not be of one of its surroundings. */
const STACK = /\n\s+at .*:\d+:\d+|"stack"/;

describe('a process with a wrong environment', () => {
  let folder: string;
  beforeAll(() => (folder = makeHome('wrong-start')));
  afterAll(() => removeHome(folder));

  it.each<[string, string, Record<string, string>, string[]]>([
    ['a database that is none of Postgres', 'scheduler', { DATABASE_URL: 'mysql://x' }, ['DATABASE_URL: must be']],
    ['a port that is none', 'api', { PORT: 'http', LOG_LEVEL: 'loud' }, ['LOG_LEVEL: must be', 'PORT: must be']],
    ['a number that is none', 'worker', { WORKER_CONCURRENCY: 'many' }, ['WORKER_CONCURRENCY: must be']],
    ['an unknown mode', 'migrate', { TIDEMARK_MODE: 'test' }, ['TIDEMARK_MODE: must be live or simulated']],
    ['a secret that cannot be read', 'scheduler', { CONTROL_PASSWORD_FILE: '/not/there' }, ['CONTROL_PASSWORD_FILE: ']],
    ['a queue of another kind', 'worker', { REDIS_URL: 'http://x' }, ['REDIS_URL: must be']],
    ['a plan without its key', 'worker', { COINGECKO_PLAN: 'pro' }, ['COINGECKO_PLAN: pro needs COINGECKO_API_KEY']],
    ['a folder that is a file', 'scheduler', { TIDEMARK_HOME: '/etc/hostname' }, ['TIDEMARK_HOME: ']],
    ['a folder where none can be made', 'scheduler', { TIDEMARK_HOME: '/proc/x' }, ['TIDEMARK_HOME: ']],
    ['a history that is not there', 'simulator', { SIMULATOR_HISTORY: '/not/there' }, ['SIMULATOR_HISTORY /not/there']],
    ['sources that are not there', 'worker', { HTTP_SOURCES_FILE: '/not/there' }, ['it is not there (ENOENT)']],
    ['an exchange that is none', 'migrate', { CCXT_EXCHANGES: 'krakn' }, ['did you mean kraken?']],
    ['a port that is none', 'health', { API_PORT: 'x' }, ['API_PORT: must be']],
    ['an address that is none', 'verify', { SIMULATOR_URL: 'ftp://x' }, ['SIMULATOR_URL: must be']],
    ['a policy that is none', 'all', { DRIFT_POLICY: 'quarantine' }, ['quarantine is called reject now']],
  ])('%s: tidemark %s says so in sentences, and ends with 2', (_what, command, environment, sentences) => {
    const { status, stdout, stderr } = runToEnd(TIDEMARK, [command], { TIDEMARK_HOME: folder, ...environment });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const sentence of sentences) expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(STACK);
  });

  // The kernel answers a look at the memory of nobody with EIO, as a disk may.
  it.each<[string, string, Record<string, string>]>([
    ['a secret', 'scheduler', { CONTROL_PASSWORD_FILE: '/proc/self/mem' }],
    ['a catalogue', 'scheduler', { CATALOGUE_FILE: '/proc/self/mem' }],
    ['declared sources', 'worker', { HTTP_SOURCES_FILE: '/proc/self/mem' }],
  ])('%s on a disk that fails: tidemark %s says so and ends with 1, since that may pass', (_what, command, file) => {
    const { status, stdout, stderr } = runToEnd(TIDEMARK, [command], { TIDEMARK_HOME: folder, ...file });
    expect(status).toBe(1);
    expect(stdout + stderr).toMatch(/cannot be read \(EIO\)/);
    expect(stdout + stderr).not.toMatch(STACK);
  });

  it.each<[string, string | undefined, string[]]>([
    ['a file that is not there', undefined, ['  - it is not there (ENOENT): name a file that is']],
    ['what is no YAML', 'tickers: [\n', ['line 2, column 1']],
    ['an unknown field', 'tickers:\n  - {ticker: btc_usd, intervall: 5}\n', ['(line 2,', 'did you mean interval']],
    ['an unknown source', 'tickers:\n  - {ticker: btc_usd, sources: [krakn]}\n', ['did you mean kraken?']],
  ])('a catalogue with %s: launcher and scheduler say so whole, and nothing is started', (_what, text, sentences) => {
    const file = path.join(folder, 'tickers.yaml');
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    const home = path.join(folder, 'home');
    const environment = { TIDEMARK_HOME: home, CATALOGUE_FILE: file, SOURCE_LIMITS: 'off' };
    const alone = runToEnd(TIDEMARK, ['scheduler'], environment);
    expect({ status: alone.status, stdout: alone.stdout }).toEqual({ status: 2, stdout: '' });
    for (const sentence of [`CATALOGUE_FILE ${file} is not usable:`, ...sentences])
      expect(alone.stderr).toContain(sentence);
    expect(alone.stderr).not.toMatch(STACK);

    const began = performance.now();
    const zero = { API_PORT: '0', CONTROL_PORT: '0', WORKER_PORT: '0', SIMULATOR_PORT: '0' };
    const launched = runToEnd(LAUNCHER, ['demo'], { ...environment, ...zero, HOME: process.env['HOME'] });
    expect(launched).toMatchObject({ status: 2, stdout: '' });
    expect(launched.stderr).toContain('Nothing was started, since this has to be mended first:\n');
    // The same words, without the empty lines of a piece of the file.
    for (const line of alone.stderr.split('\n').filter((words) => words.trim() !== ''))
      expect(launched.stderr).toContain(line);
    expect(existsSync(path.join(home, 'demo', 'postgres'))).toBe(false);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

test('migrate as a role without rights names SQL; run exactly, migrate works and the API reads', async () => {
  const database = await createEmptyDatabase();
  const owner = `${database.role}_owner`.slice(-60);
  try {
    await database.ask(`CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`);
    const url = new URL(database.url);
    [url.username, url.password] = [owner, 'owner'];
    const environment = {
      DATABASE_URL: url.href,
      API_DATABASE_USER: database.role,
      API_DATABASE_PASSWORD: 'reads-only',
      TIDEMARK_MODE: 'simulated',
    };
    const refused = runToEnd(TIDEMARK, ['migrate'], environment);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(`CREATE ROLE "${database.role}" LOGIN PASSWORD '`);
    expect(refused.stderr).not.toMatch(STACK);
    const statements = refused.stderr.split('\n').filter((line) => line.startsWith('  '));
    await database.ask(statements.join('\n'));
    expect(runToEnd(TIDEMARK, ['migrate'], environment).status).toBe(0);

    const port = await freePort();
    const { API_DATABASE_USER, API_DATABASE_PASSWORD } = environment;
    const address = new URL(database.url);
    [address.username, address.password] = [API_DATABASE_USER, API_DATABASE_PASSWORD];
    const reader = { API_DATABASE_URL: address.href, TIDEMARK_MODE: 'simulated', PORT: String(port) };
    const api = startProcess(TIDEMARK, reader, 0, ['api']);
    try {
      const tickers = await eventually('the API', 30_000, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/tickers`);
        return answer.ok ? await answer.json() : undefined;
      });
      expect(tickers).toMatchObject({ tickers: [] });
    } finally {
      await api.end('SIGTERM');
    }
  } finally {
    await database.ask(`DROP OWNED BY ${owner} CASCADE`).catch(() => undefined);
    await database.ask(`DROP OWNED BY ${database.role} CASCADE`).catch(() => undefined);
    await database.ask(`DROP ROLE IF EXISTS ${owner}`).catch(() => undefined);
    await database.drop();
  }
});
