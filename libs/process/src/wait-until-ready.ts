import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { explainListenError, type ListenAddress } from './listen-address.js';

/** What a process waits for, and where it says so meanwhile. */
export interface WaitOptions extends ListenAddress {
  readonly logger: Logger;
  /** Why the process cannot begin yet; undefined when it can. What it throws ends the process. */
  readonly check: () => Promise<string | undefined>;
}

/** Pause between two checks, in milliseconds. */
const CHECK_EVERY_MS = 200;

/**
 * Waits until a process may begin. Meanwhile its port answers: `/livez` with 200, everything else with 503 and the reason,
 * so that an orchestrator sees a live process that is not ready.
 */
export async function waitUntilReady(options: WaitOptions): Promise<void> {
  const { logger, host, port, portVariable, check } = options;
  let reason = await check();
  if (reason === undefined) return;
  const server = createServer((request, response) => {
    const isLive = request.url === '/livez';
    response.writeHead(isLive ? 200 : 503, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(isLive ? { status: 'ok' } : { status: 'waiting', reason }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explainListenError(error, portVariable, port)));
    server.listen(port, host, resolve);
  });
  try {
    let said: string | undefined;
    while (reason !== undefined) {
      if (reason !== said) logger.info({ event: 'waiting', reason }, 'waiting');
      said = reason;
      await sleep(CHECK_EVERY_MS);
      reason = await check();
    }
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}
