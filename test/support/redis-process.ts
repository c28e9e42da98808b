import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.mjs';
import { eventually } from './processes.js';
import type { Certificate } from './test-certificates.js';

/** The queue server on the PATH; undefined when there is none. */
export function redisServerName(): string | undefined {
  return ['redis-server', 'valkey-server'].find((name) => spawnSync('which', [name]).status === 0);
}

/** A Redis of a test's own that may be killed and started again on its data, as operated: append-only file, synced each second. */
export class RedisProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly server: string,
    private readonly folder: string,
    readonly port: number,
    private readonly tls: { readonly port: number; readonly files: Certificate } | undefined,
    private readonly more: readonly string[],
  ) {}

  /** @param files also speaks TLS with this certificate, on a port of its own. */
  static async start(files?: Certificate, more: readonly string[] = []): Promise<RedisProcess> {
    const server = redisServerName();
    if (server === undefined) throw new Error('there is no redis-server or valkey-server on the PATH');
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-redis-'));
    const tls = files === undefined ? undefined : { port: await freePort(), files };
    const redis = new RedisProcess(server, folder, await freePort(), tls, more);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Its address by TLS. */
  get tlsUrl(): string {
    return `rediss://127.0.0.1:${this.tls?.port ?? 0}`;
  }

  async start(): Promise<void> {
    const options = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--dir',
      this.folder,
      '--save',
      '',
      '--appendonly',
      'yes',
      ...this.more,
      ...(this.tls === undefined ? [] : tlsOptions(this.tls.port, this.tls.files)),
    ];
    this.child = spawn(this.server, options, { stdio: 'ignore' });
    await eventually('Redis to answer', 10_000, () =>
      this.ask(async (client) => (await client.ping()) === 'PONG' || undefined),
    );
  }

  /** A cluster of one node that holds every slot, and refuses commands over keys of several as all clusters do. */
  static async startCluster(): Promise<RedisProcess> {
    const redis = await RedisProcess.start(undefined, ['--cluster-enabled', 'yes']);
    await redis.ask((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383'));
    await eventually('the cluster to be whole', 10_000, () =>
      redis.ask(async (client) => String(await client.cluster('INFO')).includes('cluster_state:ok') || undefined),
    );
    return redis;
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops it where it is: it takes connections and answers nothing, as behind a network that drops every packet. */
  suspend(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Forgets everything it holds. */
  async flush(): Promise<void> {
    await this.ask((client) => client.flushall());
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async ask<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await work(client);
    } finally {
      client.disconnect();
    }
  }
}

function tlsOptions(port: number, { key, certificate }: Certificate): string[] {
  return [
    ...['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key],
    ...['--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
  ];
}
