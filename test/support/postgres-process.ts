import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../libs/embedded/src/embedded-postgres.js';
import type { Certificate } from './test-certificates.js';

/** The processes that this one made, by what Linux tells of each: its parent stands after its name and state. */
function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((each) => {
    try {
      return readFileSync(`/proc/${each}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(pid);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

/** A Postgres of a test's own that may be killed and started again on its data. */
export class PostgresProcess {
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<PostgresProcess> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-postgres-'));
    return new PostgresProcess(folder, await startEmbeddedPostgres({ dataFolder: folder }));
  }

  get url(): string {
    return this.server.url;
  }

  /** Has it speak TLS with a certificate from here on, beside connections without. */
  async useCertificate(files: Certificate): Promise<void> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
      const folder = rows[0]?.folder ?? '';
      const owner = await stat(folder);
      for (const [from, name] of [
        [files.key, 'server.key'],
        [files.certificate, 'server.crt'],
      ] as const) {
        await copyFile(from, path.join(folder, name));
        await chown(path.join(folder, name), owner.uid, owner.gid);
        await chmod(path.join(folder, name), 0o600);
      }
      await client.query('ALTER SYSTEM SET ssl = on');
      await client.query('SELECT pg_reload_conf()');
    } finally {
      await client.end();
    }
  }

  /** Kills the postmaster as a crash does; its children follow by themselves. */
  kill(): void {
    process.kill(this.server.pid, 'SIGKILL');
  }

  /** Stops it and all its children where they are: it takes connections and answers nothing, as behind a network that drops every packet. */
  suspend(): void {
    // The postmaster first: it makes no more children then.
    process.kill(this.server.pid, 'SIGSTOP');
    for (const pid of childrenOf(this.server.pid)) process.kill(pid, 'SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    for (const pid of [...childrenOf(this.server.pid), this.server.pid]) process.kill(pid, 'SIGCONT');
  }

  /** Starts it again on the same data and port. */
  async restart(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataFolder: this.folder });
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
