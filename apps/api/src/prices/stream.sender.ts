import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiSettings } from '../api-settings.js';
import { unavailable } from '../http/problem.js';
import { API_SETTINGS } from '../tokens.js';

/** Streams under way at most: each may hold a few hundred kilobytes for a slow client. */
export const MAX_STREAMS = 100;

/** Sends JSON text, whole or as a stream, and keeps watch over the streams. */
@Injectable()
export class StreamSender {
  private open = 0;

  constructor(@Inject(API_SETTINGS) private readonly settings: ApiSettings) {}

  /** Streams under way. */
  get streams(): number {
    return this.open;
  }

  /**
   * Sends JSON text. A stream that fails after its first byte breaks the connection, so that no client takes a part for
   * the whole; a client that takes nothing for long is dropped.
   * @throws ProblemError when too many streams are under way.
   */
  send(answer: string | Readable, request: FastifyRequest, reply: FastifyReply): void {
    reply.header('content-type', 'application/json; charset=utf-8');
    if (typeof answer === 'string') {
      void reply.send(answer);
      return;
    }
    if (request.method === 'HEAD') {
      answer.destroy();
      void reply.send();
      return;
    }
    if (this.open >= MAX_STREAMS) {
      answer.destroy();
      throw unavailable(`${MAX_STREAMS} long answers are being sent already; ask again shortly, or with a limit.`);
    }
    this.watch(answer, request, reply);
    void reply.send(answer);
  }

  private watch(stream: Readable, request: FastifyRequest, reply: FastifyReply): void {
    this.open += 1;
    stream.once('close', () => {
      this.open -= 1;
    });
    stream.once('error', (error) => {
      this.settings.logger.warn(
        { event: 'stream_broken', err: error, request_id: request.id },
        'stream broke in the middle',
      );
    });
    // Node starts this anew whenever the client takes something.
    reply.raw.setTimeout(this.settings.streamIdleMs, () => {
      this.settings.logger.info({ event: 'stream_dropped', request_id: request.id }, 'client stopped reading, dropped');
      reply.raw.destroy();
    });
  }
}
