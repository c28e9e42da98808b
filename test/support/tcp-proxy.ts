import { once } from 'node:events';
import net from 'node:net';

/** A way to a server that a test can cut or freeze, and mend. */
export interface TcpProxy {
  /** The server's URL, by way of this proxy. */
  readonly url: string;
  /** Breaks every connection and refuses new ones, as when nobody listens. */
  cut(): void;
  /**
   * Lets nothing through, in either direction, and closes no connection, as when packets are dropped on the way. Connections are
   * still taken. What is sent meanwhile arrives after {@link mend}, as what TCP sends again does.
   */
  freeze(): void;
  /** Lets everything through again. */
  mend(): void;
  /** Breaks every connection and listens no more. */
  close(): Promise<void>;
}

/** Starts a proxy to the server of a URL, on a free port of loopback. */
export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const sockets = new Set<net.Socket>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const server = net.createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(Number(target.port), target.hostname);
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  function pass(from: net.Socket, to: net.Socket): void {
    sockets.add(from);
    from.on('data', (chunk) => void to.write(chunk));
    from.on('error', () => undefined);
    from.once('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (state === 'frozen') from.pause();
  }
  const breakAll = (): void => {
    for (const socket of sockets) breakOff(socket);
  };
  return {
    url: addressOf(target, server),
    cut: () => {
      state = 'cut';
      breakAll();
    },
    freeze: () => {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

function breakOff(socket: net.Socket): void {
  // Node cannot reset a socket that is about to shut down its side: it would neither close it nor say so, and the process never ends.
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** The same URL, with the server's place taken by the proxy. */
function addressOf(target: URL, server: net.Server): string {
  const through = new URL(target);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as net.AddressInfo).port);
  return through.href;
}
