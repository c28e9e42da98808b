import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startChild, type Child } from '../../libs/embedded/src/child-process.js';
import { isRoot, unprivilegedUser, type RunAs } from '../../libs/embedded/src/unprivileged-user.js';
import { freePort } from './free-port.mjs';
import { eventually } from './processes.js';

/** The oldest major version that Tidemark supports, and the one that Debian 12 has. */
export const DEBIAN_MAJOR = 15;

const BINARIES = `/usr/lib/postgresql/${DEBIAN_MAJOR}/bin`;
const SUPERUSER = 'postgres';
const PASSWORD = 'private';

/**
 * A Postgres of a test's own from Debian's packages, with its programs for backups, which the embedded one does not have. Owners of
 * its databases are no superusers, as with a hosted Postgres.
 */
export class DebianPostgres {
  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly child: Child,
  ) {}

  /** Makes an empty cluster on loopback and starts it. @throws Error with the cure when the packages are missing. */
  static async start(): Promise<DebianPostgres> {
    const needed = ['initdb', 'postgres', 'pg_dump', 'pg_restore'];
    if (!needed.every((program) => existsSync(path.join(BINARIES, program)))) {
      throw new Error(
        `${BINARIES} lacks ${needed.join(', ')}: install postgresql-${DEBIAN_MAJOR} and postgresql-client-${DEBIAN_MAJOR} of Debian 12, as .ci/run does. Without them nothing shows that a backup can be restored.`,
      );
    }
    const user = isRoot() ? unprivilegedUser() : undefined;
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-debian-postgres-'));
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    const cluster = path.join(folder, 'cluster');
    initialise(cluster, path.join(folder, 'password'), user);
    const port = await freePort();
    const child = await startChild({
      name: `postgres-${DEBIAN_MAJOR}`,
      command: path.join(BINARIES, 'postgres'),
      arguments: ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories='],
      environment: { LC_ALL: 'C', TZ: 'UTC' },
      workingFolder: '/',
      user,
      endSignal: 'SIGINT',
    });
    const server = new DebianPostgres(folder, port, child);
    await eventually('Postgres to answer', 30_000, () => server.asSuperuser('SELECT 1').then(() => true));
    return server;
  }

  /** What the server calls itself, e.g. `15.18 (Debian 15.18-0+deb12u1)`. */
  async version(): Promise<string> {
    const [row] = await this.asSuperuser<{ server_version: string }>('SHOW server_version');
    return row?.server_version ?? '';
  }

  /** Makes an empty database with an owner of the same name, who may make roles and nothing else. @returns its address. */
  async createDatabase(name: string): Promise<string> {
    await this.asSuperuser(`CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    await this.asSuperuser(`CREATE DATABASE ${name} OWNER ${name}`);
    return this.address(name, name);
  }

  async stop(): Promise<void> {
    await this.child.stop(10_000);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private address(user: string, database: string): string {
    return `postgres://${user}:${PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  private async asSuperuser<T>(statement: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.address(SUPERUSER, 'postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(statement)).rows as T[];
    } finally {
      await client.end();
    }
  }
}

/**
 * Runs `pg_dump` or `pg_restore` of Debian as an operator does: the password of the address goes through the environment.
 * @throws Error with what it wrote when it does not end with status 0.
 */
export async function runBackupProgram(
  program: 'pg_dump' | 'pg_restore',
  databaseUrl: string,
  options: readonly string[],
): Promise<void> {
  const url = new URL(databaseUrl);
  const env = { PGPASSWORD: url.password, LC_ALL: 'C' };
  url.password = '';
  const child = spawn(path.join(BINARIES, program), [`--dbname=${url.href}`, ...options], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status !== 0 || said !== '') throw new Error(`${program} ended with status ${status}: ${said}`);
}

function initialise(cluster: string, passwordFile: string, user: RunAs | undefined): void {
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  const options = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'];
  const { status, stderr } = spawnSync(path.join(BINARIES, 'initdb'), ['-D', cluster, '--no-locale', ...options], {
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`initdb ended with status ${status}: ${stderr}`);
}
