import { randomUUID } from 'node:crypto';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Queue } from 'bullmq';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireLogin } from './control-login.js';
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

/** Puts request ids, the login and the board in place; called before the app listens. */
export async function prepareControlServer(
  app: NestFastifyApplication,
  { password, queues }: { readonly password: string; readonly queues: readonly Queue[] },
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    done();
  });
  await requireLogin(fastify, password);
  await mountQueueBoard(fastify, queues);
}
