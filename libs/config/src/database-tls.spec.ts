import pg from 'pg';
import { databaseUrl, queueLocation, readerDatabaseUrl, type DatabaseLocation } from './database-url.js';
import { withTls } from './database-tls.js';

const PARTS: DatabaseLocation = {
  POSTGRES_HOST: 'db.example',
  POSTGRES_PORT: 5432,
  POSTGRES_USER: 'tidemark',
  POSTGRES_DB: 'prices',
};

/** Any file that is there: the driver reads it and looks no further before it connects. A small one, since it does so each time. */
// This very file stands for one with a certificate, which is not looked at further: -----BEGIN CERTIFICATE-----
const FILE = import.meta.filename;

/** What the driver will ask of the server's certificate: the only judge of an address. */
function asked(url: string): unknown {
  const { ssl } = new pg.Client({ connectionString: url }) as unknown as {
    ssl: boolean | { rejectUnauthorized?: boolean; ca?: string; checkServerIdentity?: unknown };
  };
  if (typeof ssl === 'boolean') return ssl ? 'chain and host' : 'nothing';
  if (ssl.rejectUnauthorized === false) return 'encryption';
  return ssl.checkServerIdentity === undefined ? 'chain and host' : 'chain';
}

describe('what an address asks of TLS', () => {
  test.each([
    ['', 'nothing'],
    ['?sslmode=disable', 'nothing'],
    ['?sslmode=require', 'encryption'],
    [`?sslmode=require&sslrootcert=${FILE}`, 'chain'],
    [`?sslmode=verify-ca&sslrootcert=${FILE}`, 'chain'],
    ['?sslmode=verify-full', 'chain and host'],
    [`?sslmode=verify-full&sslrootcert=${FILE}`, 'chain and host'],
    ['?sslmode=verify-full&sslrootcert=system', 'chain and host'],
    ['?sslmode=verify-full&uselibpqcompat=false', 'chain and host'],
  ])('is with %j what libpq takes it for: %s', (query, expected) => {
    const address = `postgres://me:pw@db.example:5432/prices${query}`;
    expect(asked(withTls(address, 'DATABASE_URL'))).toBe(expected);
    expect(asked(databaseUrl({ ...PARTS, DATABASE_URL: address }))).toBe(expected);
    expect(asked(readerDatabaseUrl({ ...PARTS, API_DATABASE_USER: 'r', DATABASE_URL: address }))).toBe(expected);
    expect(asked(readerDatabaseUrl({ ...PARTS, API_DATABASE_USER: 'r', API_DATABASE_URL: address }))).toBe(expected);
    expect(asked(queueLocation({ ...PARTS, QUEUE_URL: address }).url)).toBe(expected);
  });

  test('can be said by parts', () => {
    const url = databaseUrl({ ...PARTS, POSTGRES_SSLMODE: 'verify-full', POSTGRES_SSLROOTCERT: FILE });
    expect(asked(url)).toBe('chain and host');
    expect(new URL(url).searchParams.get('sslrootcert')).toBe(FILE);
    expect(asked(databaseUrl({ ...PARTS, POSTGRES_SSLMODE: 'require' }))).toBe('encryption');
    expect(asked(databaseUrl(PARTS))).toBe('nothing');
  });

  test.each(['prefer', 'allow', 'no-verify', 'verify_full', ''])(
    'is refused as sslmode=%s, and the modes are named',
    (mode) => {
      expect(() => withTls(`postgres://h/d?sslmode=${mode}`, 'DATABASE_URL')).toThrow(
        /^DATABASE_URL: .*say disable, require, verify-ca, verify-full/,
      );
    },
  );

  test('is refused for the right reason', () => {
    const ask = (mode: string) => () => withTls(`postgres://h/d?sslmode=${mode}`, 'DATABASE_URL');
    expect(ask('prefer')).toThrow('leaves it to the server');
    expect(ask('no-verify')).toThrow('sslmode=no-verify is no mode of libpq');
  });

  test('is refused without what it needs, and the variable is named', () => {
    const refused = (query: string, why: RegExp) =>
      expect(() => withTls(`postgres://h/d?${query}`, 'QUEUE_URL')).toThrow(why);
    refused('sslmode=verify-ca', /^QUEUE_URL: .*sslrootcert/);
    refused('sslrootcert=/etc/passwd', /^QUEUE_URL: .*add sslmode=verify-full/);
    refused('sslmode=verify-full&sslrootcert=/not/there.pem', /^QUEUE_URL: .*\/not\/there\.pem.*ENOENT/);
  });

  test('is no matter of a Redis here', () => {
    expect(queueLocation({ ...PARTS, QUEUE_URL: 'rediss://h:6380', QUEUE_TLS_CA_FILE: FILE })).toEqual({
      url: 'rediss://h:6380',
      caFile: FILE,
    });
  });
});
