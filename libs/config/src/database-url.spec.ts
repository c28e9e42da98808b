import pg from 'pg';
import { databaseUrl, readerDatabaseUrl, type DatabaseLocation, type ReaderCredentials } from './database-url.js';

const PARTS: DatabaseLocation & ReaderCredentials = {
  POSTGRES_HOST: 'db.example',
  POSTGRES_PORT: 5433,
  POSTGRES_USER: 'tidemark',
  POSTGRES_PASSWORD: 'secret',
  POSTGRES_DB: 'prices',
  API_DATABASE_USER: 'tidemark_api',
  API_DATABASE_PASSWORD: 'reading',
};

const HOSTILE_PASSWORDS = [
  'p@ss:w/o?r#d',
  '50%',
  '%41',
  'it\'s a "test"',
  'ключ',
  '[x]{y}|^`',
  'a+b&c=d',
  '\\back\\',
  ' lead and trail ',
];

/** What the driver connects with: the only judge of an address. */
function read(url: string) {
  const { host, port, user, password, database } = new pg.Client({ connectionString: url });
  return { host, port, user, password, database };
}

describe('the address of the database', () => {
  test('is made of its parts', () => {
    expect(read(databaseUrl(PARTS))).toEqual({
      host: 'db.example',
      port: 5433,
      user: 'tidemark',
      password: 'secret',
      database: 'prices',
    });
  });

  test('is the one address when that is given, whatever the parts say', () => {
    const DATABASE_URL = 'postgres://me:pw@elsewhere:6000/other?sslmode=require';
    const { host, port, user, database } = read(databaseUrl({ ...PARTS, DATABASE_URL }));
    expect([host, port, user, database]).toEqual(['elsewhere', 6000, 'me', 'other']);
  });

  test.each(HOSTILE_PASSWORDS)('keeps the password %j', (password) => {
    expect(read(databaseUrl({ ...PARTS, POSTGRES_PASSWORD: password })).password).toBe(password);
    expect(read(databaseUrl({ ...PARTS, POSTGRES_USER: password })).user).toBe(password);
  });

  test.each(['my db', '50%', 'день', 'a+b'])('keeps the database name %j', (name) => {
    expect(read(databaseUrl({ ...PARTS, POSTGRES_DB: name })).database).toBe(name);
  });

  test('takes an IPv6 host as it is usually written', () => {
    expect(read(databaseUrl({ ...PARTS, POSTGRES_HOST: '::1' })).host).toBe('::1');
    expect(read(databaseUrl({ ...PARTS, POSTGRES_HOST: '[::1]' })).host).toBe('::1');
  });
});

describe('the address of the database for reading', () => {
  test('is the same database as the reading role', () => {
    expect(read(readerDatabaseUrl(PARTS))).toEqual({
      host: 'db.example',
      port: 5433,
      user: 'tidemark_api',
      password: 'reading',
      database: 'prices',
    });
  });

  test('keeps the options of the address and never its user or password', () => {
    const url = readerDatabaseUrl({
      ...PARTS,
      DATABASE_URL: 'postgres://owner:top@elsewhere:6000/other?sslmode=require',
    });
    expect(url).toContain('sslmode=require');
    expect(url).not.toContain('owner');
    expect(url).not.toContain('top');
  });

  test('never carries the password of the owner when the reading role has none', () => {
    const withoutPassword = { ...PARTS, API_DATABASE_PASSWORD: undefined };
    expect(read(readerDatabaseUrl(withoutPassword)).user).toBe('tidemark_api');
    expect(readerDatabaseUrl(withoutPassword)).not.toContain('secret');
  });

  test('reads as the reading role also where the address names its user as an option, or has no host', () => {
    for (const DATABASE_URL of [
      'postgres://elsewhere/other?user=owner&password=top',
      'postgres:///other?host=/run/postgresql&user=owner&password=top',
      'postgres:///other?host=/run/postgresql',
    ]) {
      const { user, password, database } = read(readerDatabaseUrl({ ...PARTS, DATABASE_URL }));
      expect({ user, password, database }).toEqual({ user: 'tidemark_api', password: 'reading', database: 'other' });
    }
  });

  test.each(HOSTILE_PASSWORDS)('keeps the password %j', (password) => {
    expect(read(readerDatabaseUrl({ ...PARTS, API_DATABASE_PASSWORD: password })).password).toBe(password);
  });

  test('is the one address when that is given', () => {
    const API_DATABASE_URL = 'postgres://reader:pw@replica:5432/prices';
    expect(readerDatabaseUrl({ ...PARTS, API_DATABASE_URL })).toBe(API_DATABASE_URL);
  });
});
