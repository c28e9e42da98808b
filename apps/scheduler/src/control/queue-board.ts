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
    options: { uiConfig: { boardTitle: 'Tidemark queues' } },
  });
  await fastify.register(board.registerPlugin(), { prefix: BOARD_PATH });
}
