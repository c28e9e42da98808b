import { plainProblem, sendProblem } from '@app/process/server';
import type { FastifyInstance } from 'fastify';

/** The one answer to every method that is not reading. */
export function refuseWriting(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') done();
    else sendProblem(reply, request, READS_ONLY);
  });
}

const READS_ONLY = plainProblem(405, 'This API only reads: GET is the one method.', 'Method not allowed', {
  allow: 'GET, HEAD',
});
