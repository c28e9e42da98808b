import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Queue } from 'bullmq';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serveDocumentation, serveVersions } from '@app/openapi';
import { controlDocument } from './control-document.js';
import { requireLogin } from './control-login.js';
import { refuseCrossSiteRequests } from './cross-site-requests.js';
import { problemOf } from './problem.js';
import { sendProblem } from './problem.filter.js';
import { mountQueueBoard } from './queue-board.js';

/** The web server of control API and board: request ids, and problem documents also for what reaches no route. */
export function createControlAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, request, problemOf(error)),
  });
}

/** Puts request ids, what keeps other sites out, the login, the board, the versions and the documentation in place; called before the app listens. */
export async function prepareControlServer(
  app: NestFastifyApplication,
  { password, queues }: { readonly password: string; readonly queues: readonly Queue[] },
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    done();
  });
  await fastify.register(helmet, {
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    frameguard: { action: 'deny' },
    // With no referrer at all a browser may send `Origin: null` even to this host, which would be refused.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: false,
  });
  refuseCrossSiteRequests(fastify);
  await requireLogin(fastify, password);
  await mountQueueBoard(fastify, queues);
  serveVersions(app);
  serveDocumentation(app, await controlDocument(), 'Tidemark control API');
}

/**
 * What the board and the documentation may load: the files of this origin only, and no page may frame it, to have its buttons clicked unseen. It
 * sets styles inline and draws from data; TLS, where there is any, ends before this process, so nothing is upgraded to it.
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
    // The board names its own path as its base.
    baseUri: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};
