import { SettingsError } from '@app/config';
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
    expect(url).toMatchObject({ username: 'tidemark_api', host: 'db.internal:5432', search: '?sslmode=require' });
    expect(url.password).toBe(api['API_DATABASE_PASSWORD']);
  });

  it('makes the same password of the reading role from the same address, and migrate is told of it', () => {
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
  });

  it('takes PORT for the API and REDIS_URL for the queue; QUEUE_URL wins', () => {
    const hosted = { DATABASE_URL: OWNER, PORT: '10000', REDIS_URL: 'rediss://cache' };
    expect(allEnvironment(hosted).of('api')['API_PORT']).toBe('10000');
    expect(allEnvironment(hosted).of('worker')['QUEUE_URL']).toBe('rediss://cache');
    expect(allEnvironment({ ...hosted, QUEUE_URL: 'redis://q' }).of('worker')['QUEUE_URL']).toBe('redis://q');
    expect(allEnvironment({ DATABASE_URL: OWNER }).of('worker')['QUEUE_URL']).toBeUndefined();
  });

  it('names every wrong variable', () => {
    expect(() => allEnvironment({ DATABASE_URL: 'mysql://x', PORT: 'http' })).toThrow(SettingsError);
    expect(() => allEnvironment({ DATABASE_URL: 'mysql://x', PORT: 'http' })).toThrow(/DATABASE_URL[^]*PORT/);
  });
});
