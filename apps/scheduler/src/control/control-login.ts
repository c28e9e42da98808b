import { createHash, timingSafeEqual } from 'node:crypto';
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance } from 'fastify';
import { CONTROL_USER } from './control-password.js';

/** What an orchestrator and Prometheus ask without a login. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Puts everything behind a login, board and control API alike, except liveness, readiness and metrics. */
export async function requireLogin(fastify: FastifyInstance, password: string): Promise<void> {
  await fastify.register(basicAuth, {
    authenticate: { realm: 'Tidemark control' },
    validate: async (user: string, given: string) => {
      // Both are compared, by hashes of one length, so that the time taken tells nothing.
      const isUser = isSame(user, CONTROL_USER);
      const isPassword = isSame(given, password);
      if (!isUser || !isPassword) throw new Error('wrong user or password');
    },
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (OPEN_PATHS.has(request.url.split('?', 1)[0] ?? '')) done();
    else fastify.basicAuth(request, reply, done);
  });
}

function isSame(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
