import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { freePort } from '../../../../test/support/free-port.mjs';

/** Writes the answer to one request. */
export type AnswerHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on the loopback that answers as a test wishes. */
export interface AnswerServer {
  readonly url: string;
  /** `method path?query` of every request, in order. */
  readonly requests: readonly string[];
  readonly userAgents: readonly (string | undefined)[];
  /** How many connections were opened so far. */
  readonly connectionCount: () => number;
  answerWith(handler: AnswerHandler): void;
  /** Resolves when the client has torn down the connection of the newest request. */
  connectionClosed(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startAnswerServer(): Promise<AnswerServer> {
  const requests: string[] = [];
  const userAgents: (string | undefined)[] = [];
  let connections = 0;
  let newest: Socket | undefined;
  let handle: AnswerHandler = (_request, response) => response.writeHead(404).end();
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    userAgents.push(request.headers['user-agent']);
    newest = request.socket;
    handle(request, response);
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    userAgents,
    connectionCount: () => connections,
    answerWith: (handler) => (handle = handler),
    connectionClosed: () =>
      new Promise((resolve, reject) => {
        if (newest === undefined) reject(new Error('No request has come.'));
        else if (newest.destroyed) resolve();
        else newest.once('close', () => resolve());
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An address on which nothing listens. */
export async function unusedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** An answer in one piece. */
export function plainAnswer(status: number, body: string, headers: Record<string, string> = {}): AnswerHandler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
}

/** An answer that comes byte by byte, one every 20 ms, and begins at once. */
export function slowAnswer(body: string): AnswerHandler {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    let sent = 0;
    const timer = setInterval(() => {
      if (sent < body.length) response.write(body[sent]);
      else response.end();
      sent += 1;
    }, 20);
    response.on('close', () => clearInterval(timer));
  };
}

/** An answer that never ends: a good beginning, then blanks as fast as they are taken. */
export function endlessAnswer(status: number, start: string): AnswerHandler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.write(start);
    const blanks = ' '.repeat(65_536);
    const pump = (): void => {
      if (!response.destroyed && response.write(blanks)) setImmediate(pump);
    };
    response.on('drain', pump);
    pump();
  };
}
