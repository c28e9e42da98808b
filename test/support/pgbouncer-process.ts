import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.mjs';
import { eventually } from './processes.js';

/** Whether there is a PgBouncer on the PATH. */
export function hasPgBouncer(): boolean {
  return spawnSync('which', ['pgbouncer']).status === 0;
}

/** How a PgBouncer of a test runs. */
export interface PgBouncerOptions {
  readonly mode: 'session' | 'transaction';
  /** What connections ask for and is not passed on; undefined leaves it as it comes, which refuses them. */
  readonly ignored?: string;
}

/** A real PgBouncer before a Postgres. */
export class PgBouncerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly port: number,
    private readonly databaseUrl: string,
  ) {}

  static async start(databaseUrl: string, { mode, ignored }: PgBouncerOptions): Promise<PgBouncerProcess> {
    const { hostname, port: databasePort, username, password } = new URL(databaseUrl);
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-pgbouncer-'));
    const port = await freePort();
    const file = path.join(folder, 'pgbouncer.ini');
    const users = path.join(folder, 'users.txt');
    await writeFile(users, `"${username}" "${password}"\n"tidemark_api" "reader"\n`);
    await writeFile(
      file,
      [
        '[databases]',
        `* = host=${hostname} port=${databasePort}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        'auth_type = plain',
        `auth_file = ${users}`,
        `pool_mode = ${mode}`,
        // In session mode every connection of every process holds one of these.
        'default_pool_size = 150',
        ...(ignored === undefined ? [] : [`ignore_startup_parameters = ${ignored}`]),
      ].join('\n'),
    );
    // It refuses to run as root, and whom it becomes must read its files.
    await Promise.all([chmod(folder, 0o755), chmod(file, 0o644), chmod(users, 0o644)]);
    const asOther = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const child = spawn('pgbouncer', ['-q', ...asOther, file], { stdio: 'ignore' });
    const bouncer = new PgBouncerProcess(child, folder, port, databaseUrl);
    await eventually('PgBouncer to answer', 10_000, async () => {
      const client = new pg.Client({ connectionString: bouncer.url });
      try {
        await client.connect();
        return true;
      } finally {
        await client.end().catch(() => undefined);
      }
    });
    return bouncer;
  }

  /** The database by way of it. */
  get url(): string {
    const url = new URL(this.databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    await rm(this.folder, { recursive: true, force: true });
  }
}
