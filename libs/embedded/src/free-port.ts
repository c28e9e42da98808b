import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports for the private stores: below the range from which systems take ports for outgoing connections (32768 up on Linux,
 * 49152 up on macOS). A client that knocks at a port of that range while its server is down may be given the very same
 * port, connect to itself, and keep the server from coming back.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;

/** Whether this process may listen there now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await listenFault(port, host)) === undefined;
}

/** Why this process may not listen there now, e.g. `EADDRINUSE`; undefined when it may. */
export function listenFault(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * A free port on loopback for a private store: the preferred one when it is free, else one that follows from the seed, so
 * that two folders seldom try the same.
 */
export async function freeStorePort(seed: string, preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isPortFree(preferred))) return preferred;
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0);
  for (let step = 0; step < PORT_COUNT; step += 1) {
    const port = FIRST_PORT + ((start + step) % PORT_COUNT);
    if (port !== preferred && (await isPortFree(port))) return port;
  }
  throw new Error(
    `No port between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT} is free on 127.0.0.1: end what holds them.`,
  );
}
