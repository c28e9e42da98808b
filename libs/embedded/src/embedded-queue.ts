import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keptPassword } from '@app/config';
import { describeEnd, startChild, type Child } from './child-process.js';
import { freeStorePort } from './free-port.js';
import { keepText, keptText } from './kept-file.js';
import type { Part } from './supervisor.js';
import { waitUntil } from './wait-until.js';

/** A server program that can hold the queue. */
export interface QueueServer {
  /** `redis-server` or `valkey-server`. */
  readonly program: string;
  readonly version: string;
}

/** Options of the private queue store. */
export interface EmbeddedQueueOptions {
  readonly dataFolder: string;
  readonly server: QueueServer;
  /** Where the program is looked for. */
  readonly searchPath: string;
  readonly onLine?: (line: string) => void;
}

/** A Redis or Valkey of our own that runs. */
export interface EmbeddedQueue {
  /** Address with password: `redis://:password@127.0.0.1:port/0`. */
  readonly url: string;
  readonly port: number;
  readonly child: Child;
  /** Starts it anew after its death, on the same port. */
  readonly part: Part;
  /** Ends it in an orderly way; kills it after the limit, default 5 s. */
  stop(limitMs?: number): Promise<void>;
}

const PROGRAMS = ['redis-server', 'valkey-server'];

/** BullMQ asks for 6.2 at least (its RedisConnection: recommendedMinimumVersion). */
const MINIMUM_VERSION = [6, 2] as const;

const READY_LIMIT_MS = 30_000;

/** A connection or an answer that takes longer is given up. */
const ANSWER_LIMIT_MS = 2_000;

/** The first server program on the search path that is new enough; undefined when there is none. */
export function findQueueServer(searchPath: string): QueueServer | undefined {
  for (const program of PROGRAMS) {
    const version = versionOf(program, searchPath);
    if (version !== undefined && isNewEnough(version)) return { program, version };
  }
  return undefined;
}

/** Whether a version such as `7.0.15` will do. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM_VERSION[0] || (major === MINIMUM_VERSION[0] && minor >= MINIMUM_VERSION[1]);
}

/**
 * Starts a private Redis or Valkey on loopback, with a password, and waits until it takes commands. A log that cannot be
 * read after a crash is thrown away: the queue only carries, the record is in Postgres.
 * @throws Error with its last words when it cannot start.
 */
export async function startEmbeddedQueue(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
  const { dataFolder, server } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const password = keptPassword(join(dataFolder, 'password'));
  const portFile = join(dataFolder, 'port');
  const keptPort = keptText(portFile);
  let port = await freeStorePort(dataFolder, keptPort === undefined ? undefined : Number(keptPort));
  const configuration = join(dataFolder, 'server.conf');

  const launch = async (): Promise<Child> => {
    // In a file and not as arguments, which every user of the machine can read.
    keepText(configuration, configurationText({ dataFolder, password, port }));
    return startChild({
      name: 'redis',
      command: server.program,
      arguments: [configuration],
      environment: { PATH: options.searchPath, LC_ALL: 'C', TZ: 'UTC' },
      workingFolder: dataFolder,
      onLine: options.onLine,
    });
  };
  const untilReady = async (child: Child): Promise<void> => untilCommands(child, port, password);

  for (let attempt = 1; ; attempt += 1) {
    const child = await launch();
    try {
      await untilReady(child);
      keepText(portFile, `${port}\n`);
      return {
        url: `redis://:${password}@127.0.0.1:${port}/0`,
        port,
        child,
        part: { name: 'redis', launch, untilReady },
        stop: async (limitMs = 5_000) => void (await child.stop(limitMs)),
      };
    } catch (error) {
      await child.stop(0);
      if (attempt === 3) throw error;
      if (child.lastLines().join('\n').includes('Address already in use')) {
        port = await freeStorePort(`${dataFolder} ${port}`);
      } else {
        rmSync(join(dataFolder, 'appendonlydir'), { recursive: true, force: true });
        rmSync(join(dataFolder, 'appendonly.aof'), { force: true });
      }
    }
  }
}

/** At most the last second of the queue is lost in a crash; the planner enqueues again what was. */
function configurationText({
  dataFolder,
  password,
  port,
}: {
  dataFolder: string;
  password: string;
  port: number;
}): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'unixsocket ""',
    `requirepass ${password}`,
    `dir ${JSON.stringify(dataFolder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'daemonize no',
    'loglevel notice',
    'logfile ""',
    // A queue must never forget a job to make room: it refuses instead, and says so.
    'maxmemory-policy noeviction',
    '',
  ].join('\n');
}

async function untilCommands(child: Child, port: number, password: string): Promise<void> {
  const ready = await waitUntil(
    async () => (child.end() === undefined ? (await answersPing(port, password)) && 'ready' : 'dead'),
    { limitMs: READY_LIMIT_MS },
  );
  if (ready === 'ready') return;
  const end = child.end();
  const how =
    end === undefined ? `took no command within ${READY_LIMIT_MS / 1000} s` : `ended with ${describeEnd(end)}`;
  throw new Error(`The queue store ${how}: ${child.lastLines().slice(-5).join(' | ')}`);
}

async function answersPing(port: number, password: string): Promise<boolean> {
  // Not before: `tidemark all` watches over processes with the same library, and needs no driver.
  const { Redis } = await import('ioredis');
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    password,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: ANSWER_LIMIT_MS,
    commandTimeout: ANSWER_LIMIT_MS,
    // A server that is loading its data refuses the ping: it is asked again.
    enableReadyCheck: false,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

function versionOf(program: string, searchPath: string): string | undefined {
  try {
    const words = execFileSync(program, ['--version'], {
      encoding: 'utf8',
      env: { PATH: searchPath },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    });
    return / v=(\d+(?:\.\d+)*)/.exec(words)?.[1];
  } catch {
    return undefined;
  }
}
