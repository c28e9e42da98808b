import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { finishAnswersInFlight } from './answers-in-flight.js';
import { plainProblem, ProblemError } from './problem.js';
import { problemOf, sendProblem } from './problem.filter.js';

/** A request id that a client may choose: it stands in logs and headers. */
const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,100}$/;

/**
 * Who may say by `X-Forwarded-Proto` and `X-Forwarded-Host` how a visitor reached us: proxies on this machine or in a private network,
 * where TLS ends. The home page alone makes use of it, for the address that it shows.
 */
const TRUSTED_PROXIES = ['loopback', 'linklocal', 'uniquelocal'];

/** Fastify with request ids, and problem documents also for what never reaches a route. */
export function createAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    // Answers in flight are finished at the end of the process; `closeServer` holds them to a limit.
    forceCloseConnections: 'idle',
    // What arrives in the last moment on a connection that is open is answered like everything before it.
    return503OnClosing: false,
    trustProxy: TRUSTED_PROXIES,
    genReqId: requestIdOf,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('x-request-id', request.id);
      sendProblem(reply, request, problemOf(error));
    },
    clientErrorHandler: answerBrokenRequest,
    // Nobody sends a body to an API that only reads.
    bodyLimit: 1,
  });
}

/**
 * Headers that are on every answer, and the one answer to every method that is not reading.
 * @param isEnding whether the process was told to end: then every answer is the last of its connection, so that the next
 * request of the same client goes elsewhere.
 */
export async function prepareServer(app: NestFastifyApplication, isEnding: () => boolean): Promise<void> {
  finishAnswersInFlight(app.getHttpServer(), isEnding);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (isEnding()) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    done();
  });
  await app.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY, strictTransportSecurity: false });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') {
      done();
      return;
    }
    const problem = plainProblem(405, 'Method not allowed', 'This API only reads: GET is the one method.');
    sendProblem(reply, request, new ProblemError(problem, { allow: 'GET, HEAD' }));
  });
}

/**
 * Closes an app whose answers in flight are finished first; long streams that are not done by then are cut.
 * @param finishWithinMs how long answers in flight may take before they are cut, in milliseconds.
 */
export async function closeServer(app: NestFastifyApplication, finishWithinMs: number): Promise<void> {
  const server: Server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), finishWithinMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}

/**
 * What pages of this origin may load: their own files only. Swagger's page sets styles inline and draws its icons from
 * data; TLS, where there is any, ends before this process, so nothing is upgraded to it.
 */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Answers what is no HTTP request at all, or has headers (and with them a query) beyond 16 kB. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, title, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'The address or a header is too long: at most 16 kB together.']
      : [400, 'Bad Request', 'This is not an HTTP request that can be understood.'];
  const requestId = randomUUID();
  const body = JSON.stringify({ ...plainProblem(status, title, detail), instance: '/', request_id: requestId });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
