import 'reflect-metadata';
import { Registry } from '@prometheus-io/client';
import type { Logger } from '@app/observability';
import { serveDocumentation, serveVersions } from '@app/openapi';
import { createServer, serveProcess, type ServedProcess, type Watched } from '@app/process/server';
import { openDatabase, ReadDatabase, type Mode, type ProcessDatabase } from '@app/storage';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from './api.module.js';
import { apiDocument } from './documentation/openapi.js';
import { ReaderCheck } from './health/reader.check.js';
import { measureApi, measureRequests } from './http/metrics.js';
import { API_PROBLEMS } from './http/problem.js';
import { refuseWriting } from './http/read-only.js';
import { StreamSender } from './prices/stream.sender.js';
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

/** How long the server may take to close when its answers are cut, in milliseconds. */
const CLOSE_WITHIN_MS = 1_000;

/** How long connections may take to close after that, in milliseconds. */
const DISCONNECT_WITHIN_MS = 1_000;

/** Starts an API: it listens at once, and until the database fits it answers requests for stored data with 503. */
export async function startApi(
  options: ApiOptions,
  address: { readonly host: string; readonly port: number },
): Promise<ServedProcess> {
  const { logger, mode, now, finishWithinMs = FINISH_WITHIN_MS } = options;
  const stores = openStores(options);
  return serveProcess({
    logger,
    address: { ...address, portVariable: 'API_PORT' },
    database: { ...stores.database, whyUnfit: () => stores.check.whyUnfit() },
    now,
    make: async (watched) => ({ app: await makeApi(options, stores, watched) }),
    onListening: (url) => logger.info({ event: 'started', address: url, mode }, 'listening'),
    ending: {
      cutAnswersAfterMs: finishWithinMs,
      finishWithinMs: finishWithinMs + CLOSE_WITHIN_MS,
      cutShort: 'the server does not close: what is in hand is cut',
      disconnectWithinMs: DISCONNECT_WITHIN_MS,
    },
  });
}

/** The database of an API. */
export interface ReaderStores {
  readonly database: ProcessDatabase;
  /** On the connections that watch. */
  readonly watchReader: ReadDatabase;
  readonly check: ReaderCheck;
}

/** Opens the database of an API. Connects at first use. */
export function openStores({ databaseUrl, mode, logger, onFatal }: ApiOptions): ReaderStores {
  const database = openDatabase({
    ...{ url: readingInOrder(databaseUrl), applicationName: 'tidemark-api', maxConnections: READ_CONNECTIONS, mode },
    onIdleError: (error) => logger.debug({ event: 'database_connection_lost' }, error.message),
  });
  const watchReader = new ReadDatabase(database.watchPool);
  return { database, watchReader, check: new ReaderCheck({ database, reader: watchReader, onFatal }) };
}

/** Makes the web server of an API, which does not listen yet. Needs no database. */
export async function makeApi(
  { mode, logger, now = Date.now, streamIdleMs = STREAM_IDLE_MS }: ApiOptions,
  stores: ReaderStores,
  watched: Watched,
): Promise<NestFastifyApplication> {
  const { readiness } = watched;
  const registry = new Registry();
  const settings = { mode, logger, streamIdleMs };
  const app = await createServer(ApiModule.around({ settings, now, registry, ...stores, ...watched }), {
    logger,
    problems: API_PROBLEMS,
    // Nobody sends a body to an API that only reads.
    bodyLimit: 1,
    trustProxy: TRUSTED_PROXIES,
    isEnding: () => readiness.ending,
  });
  const fastify = app.getHttpAdapter().getInstance();
  serveVersions(app);
  measureApi(registry, { pool: stores.database.pool, readiness, sender: app.get(StreamSender) });
  measureRequests(fastify, registry);
  refuseWriting(fastify);
  serveDocumentation(app, apiDocument(app), 'Tidemark API');
  return app;
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
