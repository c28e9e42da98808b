import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Has a server that closes end each connection after its last answer is wholly out. Node's own closing of idle connections
 * takes one whose answer was handed over for idle, although most of a long answer may still wait for a slow client, and
 * cuts it; and it looks only once, so that a connection that is kept open after its answer holds up the end.
 * @param isEnding whether connections are to be ended from here on.
 */
export function finishAnswersInFlight(fastify: FastifyInstance, isEnding: () => boolean): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (isEnding()) void reply.header('connection', 'close');
    done();
  });
  const { server } = fastify;
  const idle = new Set<Socket>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    // After the last byte was given to the system, or the client went away.
    response.once('close', () => {
      if (isEnding()) socket.end();
      else if (!socket.destroyed) idle.add(socket);
    });
  });
  server.on('connection', (socket: Socket) => socket.once('close', () => idle.delete(socket)));
  // Node calls it by this name when the server is closed.
  server.closeIdleConnections = () => {
    for (const socket of idle) socket.end();
  };
}
