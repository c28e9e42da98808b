import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { OpenPort } from './open-port.js';
import { PROCESS_FINDINGS } from './readiness-findings.js';

/** What a process waits for, and where it says so meanwhile. */
export interface WaitOptions {
  readonly logger: Logger;
  readonly port: Pick<OpenPort, 'waitFor'>;
  /** Why the process cannot begin yet; undefined when it can. What it throws ends the process. */
  readonly check: () => Promise<string | undefined>;
}

/** Pause between two checks, in milliseconds. */
const CHECK_EVERY_MS = 200;

/** Waits until a process may begin; its port says why it does not yet. */
export async function waitUntilReady({ logger, port, check }: WaitOptions): Promise<void> {
  let said: string | undefined;
  for (let reason = await check(); reason !== undefined; reason = await check()) {
    port.waitFor(reason);
    if (reason !== said) logger.info({ event: 'waiting', reason }, 'waiting');
    said = reason;
    await sleep(CHECK_EVERY_MS);
  }
  port.waitFor(PROCESS_FINDINGS.starting());
}
