import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { finishAnswersInFlight } from './answers-in-flight.js';
import { answerBrokenRequest } from './broken-request.js';
import { NestLogger } from './nest-logger.js';
import { problemOf, type ProblemRules } from './problem.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';

/** What a process wants of its web server. */
export interface ServerOptions {
  readonly logger: Logger;
  readonly problems: ProblemRules;
  /** Largest body that is read, in bytes; 1 MiB without it. */
  readonly bodyLimit?: number;
  /** Who may say by `X-Forwarded-Proto` and `X-Forwarded-Host` how a visitor reached us; nobody without it. */
  readonly trustProxy?: readonly string[];
  /** What pages may name as the base of their links; nothing without it. */
  readonly baseUri?: "'none'" | "'self'";
  /** Whom a page tells where a visitor comes from; nobody without it. */
  readonly referrerPolicy?: 'no-referrer' | 'same-origin';
  /**
   * Whether the process was told to end. With it answers in flight are finished when the server closes, and every answer from
   * then on is the last of its connection, so that the next request of the same client goes elsewhere. Without it they are cut.
   */
  readonly isEnding?: () => boolean;
}

/**
 * For how long after an answer a client may use its connection again, in milliseconds, as `Keep-Alive: timeout=5` tells it. A client
 * that heeds it asks nothing more on a connection that was idle for longer, so that a drain of more than that closes none on which a
 * request may be on its way.
 */
const KEEP_ALIVE_MS = 5_000;

/**
 * How much longer a connection is kept in fact, in milliseconds. Load balancers do not heed what they are told, and keep their own for
 * up to a minute: one that was closed before would cost them a request.
 */
const KEPT_LONGER_MS = 67_000;

/**
 * Makes the web server of a process around its module; it does not listen yet. Every answer has a request id and security
 * headers and stays out of caches; every failure is answered with a problem document, also what never reaches a route.
 */
export async function createServer(module: DynamicModule, options: ServerOptions): Promise<NestFastifyApplication> {
  const { logger, problems, isEnding } = options;
  const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(options), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(logger, problems));
  const fastify = app.getHttpAdapter().getInstance();
  fastify.server.keepAliveTimeoutBuffer = KEPT_LONGER_MS;
  if (isEnding !== undefined) finishAnswersInFlight(fastify, isEnding);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    done();
  });
  await fastify.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { ...OWN_FILES, baseUri: [options.baseUri ?? "'none'"] } },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: options.referrerPolicy ?? 'no-referrer' },
    // TLS, where there is any, ends before this process.
    strictTransportSecurity: false,
  });
  return app;
}

function createAdapter({ problems, bodyLimit, trustProxy, isEnding }: ServerOptions): FastifyAdapter {
  return new FastifyAdapter({
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: isEnding === undefined ? true : 'idle',
    // What arrives in the last moment on a connection that is open is answered like everything before it.
    return503OnClosing: isEnding === undefined,
    genReqId: requestIdOf,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('x-request-id', request.id);
      sendProblem(reply, request, problemOf(error, problems));
    },
    clientErrorHandler: answerBrokenRequest,
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    ...(trustProxy === undefined ? {} : { trustProxy: [...trustProxy] }),
  });
}

/** A request id that a client may choose: it stands in logs and headers. */
const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,100}$/;

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * What pages may load: files of their own origin only, and no page may frame them, to have its buttons clicked unseen. Swagger and the
 * queue board set styles inline and draw from data.
 */
const OWN_FILES = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};
