import { serveDocumentation, serveVersions } from '@app/openapi';
import type { ServerOptions } from '@app/process/server';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Queue } from 'bullmq';
import type { RawServerDefault } from 'fastify';
import { controlDocument } from './control-document.js';
import { requireLogin } from './control-login.js';
import { refuseCrossSiteRequests } from './cross-site-requests.js';
import { CONTROL_PROBLEMS } from './problem.js';
import { mountQueueBoard } from './queue-board.js';

/** The web server of control API and board. */
export const CONTROL_SERVER: Omit<ServerOptions, 'logger'> = {
  problems: CONTROL_PROBLEMS,
  // The board names its own path as its base.
  baseUri: "'self'",
  // With no referrer at all a browser may send `Origin: null` even to this host, which would be refused.
  referrerPolicy: 'same-origin',
};

/** Puts what keeps other sites out, the login, the board, the versions and the documentation in place; called before the app listens. */
export async function prepareControlServer(
  app: NestFastifyApplication,
  { password, queues }: { readonly password: string; readonly queues: readonly Queue[] },
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  takeEmptyBodies(app);
  refuseCrossSiteRequests(fastify);
  await requireLogin(fastify, password);
  await mountQueueBoard(fastify, queues);
  serveVersions(app);
  serveDocumentation(app, await controlDocument(), 'Tidemark control API');
}

/** Takes an empty body for none: many clients name a type with every request, also with a DELETE that has no body. */
function takeEmptyBodies(app: NestFastifyApplication): void {
  const parse = app.getHttpAdapter().getInstance().getDefaultJsonParser('error', 'error');
  app.useBodyParser<RawServerDefault>('application/json', {}, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, body.toString(), done);
  });
}
