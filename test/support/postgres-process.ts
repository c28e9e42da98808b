import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../apps/standalone/src/embedded-postgres.js';

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
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
