import { apiSettings, loadSettings, SettingsError, workerSettings } from '@app/config';
import { allEnvironment } from './all-environment.js';

const OWNER = 'postgres://tidemark:owner-word@db.internal:5432/tidemark?sslmode=require';

describe('the environment of tidemark all', () => {
  it('gives the API its own role and nothing of the owner', () => {
    const api = allEnvironment({ DATABASE_URL: OWNER, POSTGRES_PASSWORD: 'owner-word', QUEUE_URL: 'redis://q' }).of(
      'api',
    );
    expect(JSON.stringify(api)).not.toContain('owner-word');
    expect(api['QUEUE_URL']).toBeUndefined();
    const url = new URL(api['API_DATABASE_URL'] ?? '');
    expect(url).toMatchObject({
      username: 'tidemark_api',
      host: 'db.internal:5432',
      search: '?sslmode=require&uselibpqcompat=true',
    });
    expect(url.password).toBe(api['API_DATABASE_PASSWORD']);
  });

  it('makes the same password of the reading role from the same address, and migrate gets it too', () => {
    const [one, other] = [allEnvironment({ DATABASE_URL: OWNER }), allEnvironment({ DATABASE_URL: OWNER })];
    const password = one.of('migrate')['API_DATABASE_PASSWORD'];
    expect(password).toMatch(/^[\w-]{43}$/);
    expect(other.of('api')['API_DATABASE_PASSWORD']).toBe(password);
    const elsewhere = allEnvironment({ DATABASE_URL: OWNER.replace('owner-word', 'another') });
    expect(elsewhere.of('api')['API_DATABASE_PASSWORD']).not.toBe(password);
  });

  it('keeps what is given: passwords, and the address of the API', () => {
    const given = { API_DATABASE_URL: 'postgres://reader:r@replica/tidemark', CONTROL_PASSWORD: 'eight-or-more' };
    const environment = allEnvironment({ DATABASE_URL: OWNER, ...given });
    expect(environment.of('api')['API_DATABASE_URL']).toBe(given.API_DATABASE_URL);
    expect(environment.of('scheduler')['CONTROL_PASSWORD']).toBe(given.CONTROL_PASSWORD);
    expect(environment.isControlClosed).toBe(false);
  });

  it('gives catalogue and interval to the scheduler once a run: the control API decides from then on', () => {
    const given = { CATALOGUE_FILE: '/tickers.yaml', SAMPLE_INTERVAL_SECONDS: '7' };
    const environment = allEnvironment({ DATABASE_URL: OWNER, ...given });
    expect(environment.of('scheduler')).toMatchObject(given);
    const again = environment.of('scheduler', true);
    expect(again).not.toHaveProperty('CATALOGUE_FILE');
    expect(again).not.toHaveProperty('SAMPLE_INTERVAL_SECONDS');
    expect(again['DATABASE_URL']).toBe(environment.of('scheduler')['DATABASE_URL']);
  });

  it('closes the control API without a password of its own, and knows that', () => {
    const environment = allEnvironment({ DATABASE_URL: OWNER });
    expect(environment.of('scheduler')['CONTROL_PASSWORD']).toMatch(/^[\w-]{24}$/);
    expect(environment.isControlClosed).toBe(true);
  });

  it('derives no password beside an address of the reading role: migrate would overwrite the real one', () => {
    const API_DATABASE_URL = 'postgres://reader:r@replica/tidemark';
    const migrate = allEnvironment({ DATABASE_URL: OWNER, API_DATABASE_URL }).of('migrate');
    expect(migrate['API_DATABASE_PASSWORD']).toBeUndefined();
  });

  it('derives the same password from an address that is written differently', () => {
    const password = (url: string) => allEnvironment({ DATABASE_URL: url }).of('api')['API_DATABASE_PASSWORD'];
    expect(password('postgresql://tidemark:owner%2Dword@10.0.0.7/tidemark')).toBe(password(OWNER));
  });

  it('gives the API what it reads and what the machine needs, and nothing else', () => {
    const machine = { PATH: '/bin', NODE_EXTRA_CA_CERTS: '/ca.pem', TZ: 'UTC' };
    const others = { REDIS_URL: 'redis://:word@q', CONTROL_PASSWORD: 'eight-or-more', COINCAP_API_KEY: 'key' };
    const api = allEnvironment({ DATABASE_URL: OWNER, LOG_LEVEL: 'warn', ...machine, ...others }).of('api');
    expect(Object.keys(api).sort()).toEqual(
      ['API_DATABASE_PASSWORD', 'API_DATABASE_URL', 'LOG_LEVEL', ...Object.keys(machine)].sort(),
    );
  });

  it('takes PORT for the API and REDIS_URL for the queue; QUEUE_URL wins', () => {
    const hosted = { DATABASE_URL: OWNER, PORT: '10000', REDIS_URL: 'rediss://cache' };
    const queueOf = (environment: NodeJS.ProcessEnv) =>
      loadSettings(workerSettings, allEnvironment(environment).of('worker')).QUEUE_URL;
    expect(loadSettings(apiSettings, allEnvironment(hosted).of('api')).API_PORT).toBe(10_000);
    expect(queueOf(hosted)).toBe('rediss://cache');
    expect(queueOf({ ...hosted, QUEUE_URL: 'redis://q' })).toBe('redis://q');
    expect(queueOf({ DATABASE_URL: OWNER })).toBeUndefined();
  });

  it('says where its processes listen', () => {
    const { ports } = allEnvironment({ DATABASE_URL: OWNER, PORT: '10000', WORKER_PORT: '9002' });
    expect(ports).toEqual({ api: 10_000, scheduler: 8001, worker: 9002 });
    expect(allEnvironment({ DATABASE_URL: OWNER, API_PORT: '9000' }).ports.api).toBe(9000);
  });

  it('names every wrong variable', () => {
    expect(() => allEnvironment({ DATABASE_URL: 'mysql://x', PORT: 'http' })).toThrow(SettingsError);
    expect(() => allEnvironment({ DATABASE_URL: 'mysql://x', PORT: 'http' })).toThrow(/DATABASE_URL[^]*PORT/);
  });
});
