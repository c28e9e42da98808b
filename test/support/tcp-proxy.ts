import { once } from 'node:events';
import net from 'node:net';

/** A way to a server that a test can cut. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Lets nothing through any more, without a word: what a cut cable does. Connections are still taken. */
  freeze(): void;
  /** Lets everything through again. */
  mend(): void;
  /** How many connections were taken so far. */
  connectionCount(): number;
  close(): Promise<void>;
}

/** Starts a proxy to the server of a URL, on a free port of loopback. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<readonly [net.Socket, net.Socket]>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let connections = 0;
  const server = net.createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    connections += 1;
    const far = net.connect(Number(targetPort), hostname);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk) => state === 'frozen' || far.write(chunk));
    far.on('data', (chunk) => state === 'frozen' || near.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = (): void => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    cut: () => {
      state = 'cut';
      breakAll();
    },
    freeze: () => (state = 'frozen'),
    mend: () => {
      // What was swallowed leaves both ends out of step: frozen connections end, as they do in the end on a real network.
      if (state === 'frozen') breakAll();
      state = 'open';
    },
    connectionCount: () => connections,
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The same address through the proxy. */
export function throughProxy(url: string, proxy: TcpProxy): string {
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  return through.href;
}
