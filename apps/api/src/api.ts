import 'reflect-metadata';
import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry } from '@prometheus-io/client';
import { createServer, listenOn } from '@app/process/server';
import type { Logger } from '@app/observability';
import { serveDocumentation, serveVersions } from '@app/openapi';
import { createPool, createWatchPool, type Mode } from '@app/storage';
import { ApiModule } from './api.module.js';
import { DatabaseWatch } from './health/database.watch.js';
import { measureApi, measureRequests } from './http/metrics.js';
import { StreamSender } from './prices/stream.sender.js';
import { apiDocument } from './documentation/openapi.js';
import { API_PROBLEMS } from './http/problem.js';
import { refuseWriting } from './http/read-only.js';
import type { Clock } from './tokens.js';

/** How an API is made. */
export interface ApiOptions {
  /** Address of the database, as a role that may only read. */
  readonly databaseUrl: string;
  /** Whether its prices are real; a database of the other kind is refused. */
  readonly mode: Mode;
  readonly logger: Logger;
  /** Called with a clear sentence when the process must end: wrong mode, or a role that could write. */
  readonly onFatal: (error: Error) => void;
  /** Clock in milliseconds since 1970; the system's without it. */
  readonly now?: Clock;
  /** After how long without progress a streaming client is dropped, in milliseconds; 60 s without it. */
  readonly streamIdleMs?: number;
  /** How long answers in flight may take at the end before they are cut, in milliseconds; 5 s without it. */
  readonly finishWithinMs?: number;
}

/** The read plane, in this process. */
export interface Api {
  /** The Nest application. */
  readonly app: NestFastifyApplication;
  /**
   * Starts to listen and to look for the database; until that fits, requests for stored data are answered with 503.
   * @returns the address, e.g. `http://127.0.0.1:8000`. Port 0 lets the system choose one.
   * @throws Error that names API_PORT when the port is in use.
   */
  listen(port: number, host: string): Promise<string>;
  /** Called first when the process was told to end: it serves on, and says that it is not ready. */
  end(): void;
  /** Finishes the answers in flight, for a few seconds at most, and closes. */
  close(): Promise<void>;
}

/** Connections that answer requests: more than cores of the database make nothing faster. */
const READ_CONNECTIONS = 10;

/**
 * Who may say by `X-Forwarded-Proto` and `X-Forwarded-Host` how a visitor reached us: proxies on this machine or in a private network,
 * where TLS ends. The home page alone makes use of it, for the address that it shows.
 */
const TRUSTED_PROXIES = ['loopback', 'linklocal', 'uniquelocal'];

const STREAM_IDLE_MS = 60_000;

/** The process has 8 s for all of its end. */
const FINISH_WITHIN_MS = 5_000;

/** Makes an API that does not listen yet. Needs no database. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { logger, mode, onFatal } = options;
  const url = readingInOrder(options.databaseUrl);
  const registry = new Registry();
  const readPool = createPool({
    url,
    applicationName: 'tidemark-api',
    maxConnections: READ_CONNECTIONS,
    onIdleError: (error) => logger.debug({ event: 'database_connection_lost' }, error.message),
  });
  const module = ApiModule.around({
    settings: { databaseUrl: url, mode, logger, onFatal, streamIdleMs: options.streamIdleMs ?? STREAM_IDLE_MS },
    now: options.now ?? Date.now,
    registry,
    readPool,
    watchPool: createWatchPool(url, 'tidemark-api-watch'),
  });
  const app: NestFastifyApplication = await createServer(module, {
    logger,
    problems: API_PROBLEMS,
    // Nobody sends a body to an API that only reads.
    bodyLimit: 1,
    trustProxy: TRUSTED_PROXIES,
    isEnding: () => watch.ending,
  });
  const watch = app.get(DatabaseWatch);
  const fastify = app.getHttpAdapter().getInstance();
  serveVersions(app);
  measureApi(registry, { pool: readPool, watch, sender: app.get(StreamSender) });
  measureRequests(fastify, registry);
  refuseWriting(fastify);
  serveDocumentation(app, apiDocument(app), 'Tidemark API');
  return {
    app,
    listen: async (port, host) => {
      const address = await listenOn(app, { host, port, portVariable: 'API_PORT' });
      watch.start();
      return address;
    },
    end: () => watch.end(),
    close: async () => {
      watch.end();
      await closeServer(app, options.finishWithinMs ?? FINISH_WITHIN_MS);
    },
  };
}

/**
 * Has the database read ranges along their index. Left to itself it prefers, in a table that was never analyzed, to
 * collect and sort the whole rest of a range for every page of it: a hundred times slower.
 */
function readingInOrder(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const given = url.searchParams.get('options');
  url.searchParams.set('options', `${given === null ? '' : `${given} `}-c enable_bitmapscan=off`);
  return url.href;
}

/**
 * Closes an app whose answers in flight are finished first; long streams that are not done by then are cut.
 * @param finishWithinMs how long answers in flight may take before they are cut, in milliseconds.
 */
async function closeServer(app: NestFastifyApplication, finishWithinMs: number): Promise<void> {
  const server: Server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), finishWithinMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
