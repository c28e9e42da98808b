import { connect, createServer } from 'node:net';

/** The port of each process that `tidemark all` keeps running. */
export type AllPorts = Readonly<Record<'api' | 'scheduler' | 'worker', number>>;

/** When the name is taken, another `tidemark all` with the same ports is ending: it is tried again after this, in milliseconds. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Lets `tidemark health` know that `tidemark all` runs with these ports, until the signal is given or this process dies.
 * It listens on an abstract socket (unix(7)): a name without a file, which needs no folder to write to, is gone with the
 * process, and is seen in the same container only. Other systems than Linux have none; there nothing is announced.
 */
export function announceAll(ports: AllPorts, signal: AbortSignal): void {
  if (process.platform !== 'linux' || signal.aborted) return;
  const server = createServer((socket) => socket.destroy()).unref();
  const listen = (): void => void server.listen(socketName(ports));
  let again: NodeJS.Timeout | undefined;
  server.on('error', () => {
    again = setTimeout(listen, AGAIN_AFTER_MS).unref();
  });
  const end = (): void => {
    clearTimeout(again);
    server.close();
  };
  signal.addEventListener('abort', end, { once: true });
  listen();
}

/** Whether `tidemark all` runs in this container with these ports. */
export function isAllAnnounced(ports: AllPorts): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(socketName(ports));
    const answer = (isAnnounced: boolean) => () => {
      socket.destroy();
      resolve(isAnnounced);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}

function socketName({ api, scheduler, worker }: AllPorts): string {
  return `\0tidemark-all-${api}-${scheduler}-${worker}`;
}
