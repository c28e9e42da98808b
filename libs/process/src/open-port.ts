import http from 'node:http';
import net from 'node:net';
import { explainListenError, type ListenAddress } from './listen-address.js';
import { PROCESS_FINDINGS } from './readiness-findings.js';

/** Who connects before the hand-over and is silent for so long is cut, in milliseconds. */
const SILENT_CLIENT_MS = 60_000;

/** A port that is open before there is anything to serve on it. */
export interface OpenPort {
  /** Says from here on why the process does not serve yet, in one sentence. */
  waitFor(reason: string): void;
  /**
   * Has a server that does not listen yet take the port when it is told to listen, wherever to. It says so by its event
   * `listening`; a callback is not called.
   */
  handOverTo(server: http.Server): void;
  /** Frees the port, unless a server has taken it: that frees it when it is closed. */
  close(): Promise<void>;
}

/**
 * Opens the port of a process, so that nothing is begun by one whose port is in use. Until it is handed over, `/livez` is
 * answered with 200 and everything else with 503 and the reason: an orchestrator sees a live process that is not ready.
 * A hand-over refuses no connection and cuts none.
 * @throws Error that names the variable when the port is in use.
 */
export async function openPort({ host, port, portVariable }: ListenAddress): Promise<OpenPort> {
  let reason = PROCESS_FINDINGS.starting();
  let successor: http.Server | undefined;
  const waiting = http.createServer((request, response) => {
    if (successor !== undefined) {
      // It connected before the hand-over and asks after it.
      response.shouldKeepAlive = false;
      successor.emit('request', request, response);
      return;
    }
    const isLive = request.url === '/livez';
    response.writeHead(isLive ? 200 : 503, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(isLive ? { status: 'ok' } : { status: 'waiting', reason }));
  });
  waiting.timeout = SILENT_CLIENT_MS;
  // Not `waiting` itself: a server of HTTP that is not closed any more would look after its connections for ever.
  const connections = new Set<net.Socket>();
  const listening = net.createServer((socket) => {
    connections.add(socket.once('close', () => connections.delete(socket)));
    waiting.emit('connection', socket);
  });
  const cutConnections = () => connections.forEach((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    listening.once('error', (error) => reject(explainListenError(error, { host, port, portVariable })));
    listening.listen(port, host, resolve);
  });
  return {
    waitFor: (why) => void (reason = why),
    handOverTo: (server) => {
      const listen = server.listen.bind(server);
      const take = (): http.Server => {
        successor = server.once('close', cutConnections);
        // The same socket, which listens all the while.
        return listen(listening);
      };
      Object.defineProperty(server, 'listen', { value: take });
    },
    close: async () => {
      if (successor !== undefined) return;
      const closed = new Promise((resolve) => listening.close(resolve));
      cutConnections();
      await closed;
    },
  };
}
