import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { plainProblem } from './problem.js';

/** Answers what is no HTTP request at all, or has headers (and with them a query) beyond 16 kB. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { problem } = error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : NO_REQUEST;
  const requestId = randomUUID();
  const body = JSON.stringify({ ...problem, instance: '/', request_id: requestId });
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const TOO_LARGE = plainProblem(431, 'The address or a header is too long: at most 16 kB together.');
const NO_REQUEST = plainProblem(400, 'This is not an HTTP request that can be understood.');
