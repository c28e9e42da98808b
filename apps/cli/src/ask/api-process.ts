import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askPort } from '../health/ask-health.js';
import { lastWordsOf, startOwnProcess, type OwnProcess } from '../own-process.js';

/** Of the compiled apps. */
const APPS_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const START_LIMIT_MS = 30_000;

/** A database that was just started answers at once; one that is elsewhere gets a second chance, in milliseconds. */
const READY_LIMIT_MS = 5_000;

const READY_EVERY_MS = 50;

/** How an API is started for one question. */
export interface ApiProcessOptions {
  /** What names its database: the whole environment, without where it listens. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Folder with the compiled apps; default: where this file was compiled to. */
  readonly appsFolder?: string | undefined;
}

/** Starts an API on a free port of this machine, and waits until it can read its database. @throws Error saying why it cannot. */
export async function startApiProcess(options: ApiProcessOptions): Promise<OwnProcess> {
  const { environment, signal, appsFolder = APPS_FOLDER } = options;
  signal?.throwIfAborted();
  const api = await startOwnProcess({
    name: 'api',
    entry: join(appsFolder, 'api/src/main.js'),
    startLimitMs: START_LIMIT_MS,
    environment: {
      ...environment,
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      API_DRAIN_SECONDS: '0',
    },
  });
  try {
    await untilReady(api, signal);
    return api;
  } catch (error) {
    await api.stop();
    throw error;
  }
}

async function untilReady({ url, child }: OwnProcess, signal: AbortSignal | undefined): Promise<void> {
  const port = Number(new URL(url).port);
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    signal?.throwIfAborted();
    const health = await askPort(port);
    if (health.state === 'ready') return;
    // What it cannot get over ends it: a database of the other mode, a role that may write.
    if (child.end() !== undefined) throw new Error(lastWordsOf(child));
    if (health.state === 'not ready' && performance.now() > deadline) throw new Error(health.reason);
    await pause(READY_EVERY_MS);
  }
}
