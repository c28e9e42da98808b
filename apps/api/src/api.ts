import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry } from '@prometheus-io/client';
import { NestLogger } from '@app/process/server';
import type { Logger } from '@app/observability';
import { explainListenError } from '@app/process';
import { serveDocumentation, serveVersions } from '@app/openapi';
import { createPool, createWatchPool, type Mode } from '@app/storage';
import { ApiModule } from './api.module.js';
import { DatabaseWatch } from './health/database.watch.js';
import { closeServer, createAdapter, prepareServer } from './http/http-server.js';
import { measureRequests } from './http/metrics.js';
import { apiDocument } from './documentation/openapi.js';
import { ProblemFilter } from './http/problem.filter.js';
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

const STREAM_IDLE_MS = 60_000;

/** The process has 8 s for all of its end. */
const FINISH_WITHIN_MS = 5_000;

/** Makes an API that does not listen yet. Needs no database. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { logger, mode, onFatal } = options;
  const url = readingInOrder(options.databaseUrl);
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.around({
      settings: { databaseUrl: url, mode, logger, onFatal, streamIdleMs: options.streamIdleMs ?? STREAM_IDLE_MS },
      now: options.now ?? Date.now,
      readPool: createPool({
        url,
        applicationName: 'tidemark-api',
        maxConnections: READ_CONNECTIONS,
        onIdleError: (error) => logger.debug({ event: 'database_connection_lost' }, error.message),
      }),
      watchPool: createWatchPool(url, 'tidemark-api-watch'),
    }),
    createAdapter(),
    { logger: new NestLogger(logger), abortOnError: false },
  );
  serveVersions(app);
  app.useGlobalFilters(new ProblemFilter(logger));
  measureRequests(app.getHttpAdapter().getInstance(), app.get(Registry));
  const watch = app.get(DatabaseWatch);
  await prepareServer(app, () => watch.ending);
  serveDocumentation(app, apiDocument(app), 'Tidemark API');
  return {
    app,
    listen: async (port, host) => {
      await app.listen(port, host).catch((error: unknown) => {
        throw explainListenError(error, 'API_PORT', port);
      });
      watch.start();
      return addressOf(app.getHttpServer().address());
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

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the API does not listen on a port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
