import { whyUnreachable } from '@app/storage';
import pg from 'pg';
import { hasPgBouncer, PgBouncerProcess, type PgBouncerOptions } from './support/pgbouncer-process.js';
import { eventually, runToEnd, startProcess } from './support/processes.js';
import { freePort } from './support/free-port.mjs';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const IGNORED = 'extra_float_digits, statement_timeout, idle_in_transaction_session_timeout, options';

if (!hasPgBouncer()) {
  process.stderr.write('There is no pgbouncer on the PATH: that its transaction mode is refused is NOT tested.\n');
  test.skip('a PgBouncer: not run, because there is none', () => undefined);
} else {
  describe('a database behind PgBouncer', () => {
    let database: TestDatabase;
    let bouncer: PgBouncerProcess | undefined;

    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterEach(async () => {
      await bouncer?.stop();
      bouncer = undefined;
    });
    afterAll(() => database.drop());

    async function through(options: PgBouncerOptions): Promise<string> {
      bouncer = await PgBouncerProcess.start(database.url, options);
      return bouncer.url;
    }

    test('is taken for no pool when it is none', async () => {
      expect(await whyUnreachable(database.url)).toBeUndefined();
    });

    test('is refused as it comes, with the cure, in either mode', async () => {
      const why =
        /a pool stands before it that refuses .*unsupported startup parameter: statement_timeout.*: name Postgres itself, or a pool in session mode with ignore_startup_parameters/;
      expect(await whyUnreachable(await through({ mode: 'transaction' }))).toMatch(why);
      await bouncer?.stop();
      expect(await whyUnreachable(await through({ mode: 'session' }))).toMatch(why);
    });

    test('is refused in transaction mode that ignores what it was asked for, also beside much other traffic', async () => {
      const url = await through({ mode: 'transaction', ignored: IGNORED });
      expect(await whyUnreachable(url)).toMatch(
        /^the address leads to a pool in transaction mode .*Name Postgres itself/,
      );
      const others = new pg.Pool({ connectionString: url, max: 10 });
      others.on('error', () => undefined);
      let isOver = false;
      const traffic = Array.from({ length: 10 }, async () => {
        while (!isOver) await others.query('SELECT pg_sleep(0.002)');
      });
      try {
        for (let round = 0; round < 20; round += 1)
          expect(await whyUnreachable(url)).toMatch(/pool in transaction mode/);
      } finally {
        isOver = true;
        await Promise.all(traffic);
        await others.end();
      }
    });

    test('is reported by every process in transaction mode', async () => {
      const url = await through({ mode: 'transaction', ignored: IGNORED });
      const environment = {
        TIDEMARK_MODE: 'simulated',
        API_DATABASE_PASSWORD: 'reader',
        CONTROL_PASSWORD: 'password1',
      };
      const migrated = runToEnd('scheduler/src/migrate.main.js', [], { ...environment, DATABASE_URL: url });
      expect([migrated.status, migrated.stderr]).toEqual([1, expect.stringContaining('a pool in transaction mode')]);
      for (const [app, variable] of [
        ['scheduler', 'CONTROL_PORT'],
        ['worker', 'WORKER_PORT'],
        ['api', 'API_PORT'],
      ] as const) {
        const port = await freePort();
        const running = startProcess(`${app}/src/main.js`, {
          ...environment,
          DATABASE_URL: url,
          [variable]: String(port),
        });
        try {
          const said = await eventually(`${app} to tell`, 30_000, async () => {
            const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
            const text = await answer.text();
            return answer.status === 503 && text.includes('pool') ? text : undefined;
          });
          expect(said).toContain('a pool in transaction mode');
        } finally {
          await running.end('SIGTERM');
        }
      }
    }, 120_000);

    test('in session mode that drops the options of a connection carries all but a queue', async () => {
      const url = await through({ mode: 'session', ignored: IGNORED });
      expect(await whyUnreachable(url, true)).toMatch(/drops the options .*: name Postgres itself in QUEUE_URL/);
    });

    test('in session mode, set up as documented, lets migrate through', async () => {
      const migrated = runToEnd('scheduler/src/migrate.main.js', [], {
        TIDEMARK_MODE: 'simulated',
        API_DATABASE_PASSWORD: 'reader',
        DATABASE_URL: await through({ mode: 'session', ignored: IGNORED }),
        QUEUE_URL: database.url,
      });
      expect([migrated.status, migrated.stderr]).toEqual([0, '']);
    });

    test('in session mode that ignores what it was asked for carries a whole system', async () => {
      const url = await through({ mode: 'session', ignored: IGNORED });
      for (let round = 0; round < 5; round += 1) expect(await whyUnreachable(url)).toBeUndefined();
      const system = await TestSystem.prepare({ databaseUrl: url, queueUrl: database.url, intervalSeconds: 1 });
      try {
        await system.start('scheduler');
        await system.start('worker');
        await system.start('api');
        await system.priceFrom(Math.floor(Date.now() / 1000), 60_000);
      } finally {
        await system.stop();
      }
    }, 120_000);
  });
}
