import { spawn } from 'node:child_process';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Runs `make smoke` as a new user does. */
async function smoke(baseUrl: string, variables: Readonly<Record<string, string>> = {}) {
  const child = spawn('make', ['-s', 'smoke', `BASE_URL=${baseUrl}`], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, said };
}

describe('make smoke', () => {
  let database: TestDatabase;
  let system: TestSystem;
  let api: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, intervalSeconds: 5 });
    await system.start('scheduler');
    await system.start('worker');
    api = await system.start('api');
    await system.priceFrom(Math.floor(Date.now() / 1000) - 10, 60_000);
  }, 90_000);
  afterAll(async () => {
    await system.stop();
    await database.drop();
  });

  it('passes where prices come, and fails where nothing new comes and a list is late; it says what it saw, and what to do', async () => {
    const { status, said } = await smoke(`${api}/`);
    expect(said).toMatch(/^PASS {2}health {2}ok: simulated prices, database up, clock right, 2 of 2 tickers fresh$/m);
    expect(said).toMatch(/^PASS {2}prices {2}\w+_usd moved on from [\d:]{8} to [\d:]{8}, \d+ s apart.*: \d+(\.\d+)?$/m);
    expect(said).toMatch(/^PASS {2}docs {4}version \S+, \d+ routes$/m);
    expect(said).toMatch(/^PASS {2}stats {3}no list of assets is read/m);
    expect(said).toContain('4 of 4 checks passed');
    expect(status).toBe(0);

    await system.end('worker', 'SIGTERM');
    await system.end('scheduler', 'SIGTERM');
    await database.pool.query(`INSERT INTO etl_lists VALUES ('csv', 60, clock_timestamp() - interval '1 hour')`);
    const late = await smoke(api, { TIMEOUT_SECONDS: '4' });
    expect(late.said).toMatch(/^FAIL {2}prices {2}\w+_usd has no newer price than that of [\d:]{8}$/m);
    expect(late.said).toMatch(/^ {14}To do: GET \/gaps\?ticker=/m);
    expect(late.said).toMatch(/^FAIL {2}stats {3}lists of assets are late: csv \(never read\)$/m);
    expect(late.said).toMatch(/^PASS {2}docs /m);
    // That of make: the check itself ends with 1.
    expect(late.status).toBe(2);
  }, 90_000);

  it('fails where nobody answers, and where it is given no address', async () => {
    const nobody = await smoke('http://127.0.0.1:1');
    expect(nobody.said).toMatch(/^FAIL {2}health {2}http:\/\/127\.0\.0\.1:1\/health cannot be reached: /m);
    expect(nobody.said).toContain('0 of 4 checks passed');
    expect((await smoke('')).said).toContain('make smoke BASE_URL=http://127.0.0.1:8000');
  }, 60_000);
});
