import { queueStoreOf, createStoreCheck } from '@app/queue';
import { createPool, whyUnfit } from '@app/storage';
import { withTls } from '@app/config';
import { PostgresProcess } from './support/postgres-process.js';
import { runToEnd } from './support/processes.js';
import { RedisProcess, redisServerName } from './support/redis-process.js';
import { makeCertificates, type TestCertificates } from './support/test-certificates.js';
import { TestSystem } from './support/test-system.js';

if (redisServerName() === undefined)
  process.stderr.write('There is no redis-server on the PATH: a Redis by TLS is NOT tested.\n');
const describeWithRedis = redisServerName() === undefined ? describe.skip : describe;

describe('a Postgres by TLS', () => {
  let certificates: TestCertificates;
  let postgres: PostgresProcess;

  beforeAll(async () => {
    certificates = await makeCertificates();
    postgres = await PostgresProcess.start();
    await postgres.useCertificate(certificates.loopback);
  }, 60_000);
  afterAll(async () => {
    await postgres.stop();
    await certificates.remove();
  });

  function urlWith(query: string): string {
    const url = new URL(postgres.url);
    url.search = query;
    return withTls(url.href, 'DATABASE_URL');
  }

  /** What a process finds of the database, and whether it found it by TLS. */
  async function found(url: string) {
    const pool = createPool({ url, applicationName: 'tidemark-test', maxConnections: 1, onIdleError: () => undefined });
    try {
      const unfit = await whyUnfit(pool, 'simulated');
      if (unfit !== undefined && !unfit.includes('no Tidemark schema')) return unfit;
      const { rows } = await pool.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      return rows[0].ssl === true ? 'encrypted' : 'plain';
    } finally {
      await pool.end();
    }
  }

  test('is reached by every mode that its certificate satisfies', async () => {
    const root = `sslrootcert=${certificates.authority}`;
    expect(await found(urlWith('sslmode=disable'))).toBe('plain');
    expect(await found(urlWith('sslmode=require'))).toBe('encrypted');
    expect(await found(urlWith(`sslmode=verify-ca&${root}`))).toBe('encrypted');
    expect(await found(urlWith(`sslmode=verify-full&${root}`))).toBe('encrypted');
  });

  test.each([
    ['by an authority that did not sign it', 'verify-full', (at: TestCertificates) => `&sslrootcert=${at.stranger}`],
    ['by an authority that did not sign it', 'verify-ca', (at: TestCertificates) => `&sslrootcert=${at.stranger}`],
    ['by an authority that did not sign it', 'require', (at: TestCertificates) => `&sslrootcert=${at.stranger}`],
    ['by the authorities of the system', 'verify-full', () => ''],
  ])('is refused, with the cure, when it is to be vouched for %s (%s)', async (_by, mode, query) => {
    expect(await found(urlWith(`sslmode=${mode}${query(certificates)}`))).toMatch(
      /^the database cannot be reached: its certificate is not trusted \(.+\): name the authority in sslrootcert/,
    );
  });

  test('whose certificate is for another host is refused by verify-full alone', async () => {
    await postgres.useCertificate(certificates.elsewhere);
    try {
      const root = `sslrootcert=${certificates.authority}`;
      expect(await found(urlWith(`sslmode=verify-full&${root}`))).toMatch(
        /its certificate is not trusted \(.*altnames/,
      );
      expect(await found(urlWith(`sslmode=verify-ca&${root}`))).toBe('encrypted');
      expect(await found(urlWith('sslmode=require'))).toBe('encrypted');
    } finally {
      await postgres.useCertificate(certificates.loopback);
    }
  });

  test('that speaks no TLS is refused by every mode but disable', async () => {
    const plain = await PostgresProcess.start();
    try {
      expect(await found(withTls(`${plain.url}?sslmode=require`, 'DATABASE_URL'))).toMatch(/it speaks no TLS/);
    } finally {
      await plain.stop();
    }
  });

  test('that migrate does not trust is reported with the cure', () => {
    const said = runToEnd('scheduler/src/migrate.main.js', [], {
      DATABASE_URL: `${postgres.url}?sslmode=verify-full&sslrootcert=${certificates.stranger}`,
      API_DATABASE_PASSWORD: 'reader',
    });
    expect(said.status).toBe(1);
    expect(said.stderr).toMatch(
      /^migrate: the database cannot be reached: its certificate is not trusted .*sslrootcert/,
    );
  });

  describeWithRedis('and a Redis by TLS', () => {
    let redis: RedisProcess;
    beforeAll(async () => {
      redis = await RedisProcess.start(certificates.loopback);
    });
    afterAll(() => redis.stop());

    test('is refused, with the cure, by who does not know its authority', async () => {
      for (const caFile of [undefined, certificates.stranger]) {
        const check = createStoreCheck(queueStoreOf(redis.tlsUrl, caFile));
        expect(await check.ask()).toMatch(/^the certificate of the queue store is not trusted .*QUEUE_TLS_CA_FILE/);
        await check.close();
      }
      const check = createStoreCheck(queueStoreOf(redis.tlsUrl, certificates.authority));
      expect(await check.ask()).toBeUndefined();
      await check.close();
    });

    test('a file of an authority is refused where it would protect nothing', () => {});

    test.each(['redis', 'postgres'])(
      'carry a whole system, with its queue on %s',
      async (queue) => {
        const databaseUrl = `${postgres.url}?sslmode=verify-full&sslrootcert=${certificates.authority}`;
        const system = await TestSystem.prepare({
          databaseUrl: withTls(databaseUrl, 'DATABASE_URL'),
          queueUrl: queue === 'redis' ? redis.tlsUrl : undefined,
          intervalSeconds: 1,
        });
        try {
          const variables: Record<string, string> = {
            // As an operator writes it.
            DATABASE_URL: databaseUrl,
            ...(queue === 'redis' ? { QUEUE_TLS_CA_FILE: certificates.authority } : {}),
          };
          await system.start('scheduler', 'scheduler', 0, variables);
          await system.start('worker', 'worker', 0, variables);
          const api = await system.start('api', 'api', 0, variables);
          await system.priceFrom(Math.floor(Date.now() / 1000), 60_000);
          expect((await fetch(`${api}/prices/latest?ticker=btc_usd`)).status).toBe(200);
          const { rows } = await system.pool.query<{ plain: string[] | null }>(
            `SELECT array_agg(a.application_name) AS plain FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
           WHERE a.application_name LIKE 'tidemark-%' AND NOT s.ssl`,
          );
          expect(rows[0]?.plain).toBeNull();
        } finally {
          await system.stop();
        }
      },
      90_000,
    );
  });
});
