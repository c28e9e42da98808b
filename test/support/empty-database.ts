import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A database without any table, and a name for a role that is not there yet. */
export interface EmptyDatabase {
  readonly url: string;
  readonly role: string;
  /** The address as that role, once it exists. */
  urlAs(password: string): string;
  /** Runs statements as the owner and gives the rows of the last. */
  ask<T>(text: string, values?: readonly unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** Makes one on the server of the tests. */
export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const adminUrl = process.env['TEST_DATABASE_URL'];
  if (adminUrl === undefined)
    throw new Error('TEST_DATABASE_URL is not set: run the tests with `npm test`, which starts a Postgres');
  const id = randomUUID().replaceAll('-', '');
  const [name, role] = [`tidemark_empty_${id}`, `tidemark_role_${id}`];
  await run(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    role,
    urlAs: (password) => {
      const asRole = new URL(url);
      asRole.username = role;
      asRole.password = password;
      return asRole.href;
    },
    ask: (text, values) => run(url.href, text, values),
    drop: async () => {
      await run(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await run(adminUrl, `DROP ROLE IF EXISTS ${role}`);
    },
  };
}

async function run<T>(url: string, text: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as T[];
  } finally {
    await client.end();
  }
}
