import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from './fault-text.js';

/** Held while a launcher, or a command that has started the database, runs on a data folder. */
export interface InstanceLock {
  release(): Promise<void>;
}

/** Who holds a lock: a launcher with its whole system, or a command that runs the database for as long as it needs it. */
export type LockHolder = 'launcher' | 'command';

/** Thrown when another process holds the same data folder. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
  readonly holder: LockHolder;

  constructor(folder: string, owner: string) {
    super(
      `Tidemark already runs on ${folder} (${owner}): end it with Ctrl-C there, or set TIDEMARK_HOME to another folder for a second one.`,
    );
    this.holder = owner.endsWith(COMMAND_MARK) ? 'command' : 'launcher';
  }
}

/** How a command says that it is one. */
const COMMAND_MARK = ', a command that will end';

/** How a data folder is taken. */
export interface LockOptions {
  /** What this process is, for whoever finds the folder taken; default `launcher`. */
  readonly holder?: LockHolder;
  /** Default: that of this machine. */
  readonly platform?: string | undefined;
}

/** How long two launchers that found the same dead socket take to see who of them put the living one there. */
const RACE_MS = 100;

/**
 * Takes the data folder for this process: a socket whose name follows from the folder itself, by whatever path it was
 * named. The system gives it back at any kind of death.
 * @throws AlreadyRunningError
 */
export async function lockFolder(folder: string, options: LockOptions = {}): Promise<InstanceLock> {
  const { holder = 'launcher', platform = process.platform } = options;
  const self = `process ${process.pid}${holder === 'command' ? COMMAND_MARK : ''}`;
  mkdirSync(folder, { recursive: true });
  const path = realpathSync(folder);
  const { dev, ino } = statSync(path);
  const name = `tidemark-${createHash('sha256').update(`${path} ${dev} ${ino}`).digest('hex').slice(0, 16)}`;
  // Linux has sockets with a name and no file, so that a dead launcher leaves nothing behind.
  return platform === 'linux'
    ? lockByName(`\0${name}`, path, self)
    : lockByFile(join(tmpdir(), `${name}.sock`), path, self);
}

async function lockByName(address: string, folder: string, self: string): Promise<InstanceLock> {
  const server = await listen(address, self);
  if (server === undefined) throw new AlreadyRunningError(folder, (await ask(address)) ?? 'another process');
  return { release: () => close(server) };
}

async function lockByFile(file: string, folder: string, self: string): Promise<InstanceLock> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const server = await listen(file, self);
    if (server === undefined) {
      const owner = await ask(file);
      if (owner !== undefined) throw new AlreadyRunningError(folder, owner);
      removeFile(file);
      continue;
    }
    // Another launcher may have taken this socket for the dead one and removed it just now.
    await pause(RACE_MS);
    const owner = await ask(file);
    if (owner === self) return { release: () => close(server) };
    await close(server);
    if (owner !== undefined) throw new AlreadyRunningError(folder, owner);
  }
  throw new Error(`The lock ${file} cannot be taken: remove that file.`);
}

/** Undefined when somebody listens there, or did and left the file. */
function listen(address: string, self: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(self));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** What the holder says of itself; undefined when nobody listens. */
function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path: address, timeout: 2_000 });
    const done = (): void => {
      socket.destroy();
      resolve(answer === '' ? undefined : answer);
    };
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket
      .once('end', done)
      .once('error', done)
      .once('timeout', () => {
        // Somebody holds it and is too busy to answer.
        answer = 'another process';
        done();
      });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function removeFile(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
