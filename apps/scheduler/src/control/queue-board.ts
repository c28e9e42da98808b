import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter as BoardAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';

/** Where the board is. */
export const BOARD_PATH = '/queues';

/** Puts the board over these queues. Jobs may be looked at, retried and removed: Postgres decides what a retry may do. */
export async function mountQueueBoard(fastify: FastifyInstance, queues: readonly Queue[]): Promise<void> {
  const board = new BoardAdapter();
  board.setBasePath(BOARD_PATH);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Tidemark queues', hideDocsLink: true } },
  });
  await fastify.register(async (scope) => {
    scope.addHook<string | Buffer>('onSend', (_request, reply, payload, done) => {
      const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
      done(null, isPage && payload !== null ? withoutForeignFiles(String(payload)) : payload);
    });
    await scope.register(board.registerPlugin(), { prefix: BOARD_PATH });
  });
}

/**
 * The page without what it would load from elsewhere: it links a font of Google's, which would learn who looks at the board, and which
 * nobody reaches where a network is closed. The fonts of the system serve instead.
 */
function withoutForeignFiles(page: string): string {
  return page.replaceAll(/\s*<(link|script|img)\b[^>]*\b(href|src)="(https?:)?\/\/[^>]*>(\s*<\/script>)?/g, '');
}
