import { describeFault } from '@app/observability';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { ClockWatch } from '../clock-watch.js';
import { endsWithin } from '../ends-within.js';
import type { ListenAddress } from '../listen-address.js';
import { openPort } from '../open-port.js';
import { PROCESS_FINDINGS } from '../readiness-findings.js';
import { databaseCheck, ReadinessWatch, type ReadinessCheck } from '../readiness-watch.js';
import type { Closable } from '../run-process.js';
import { waitUntilReady } from '../wait-until-ready.js';
import { listenOn } from './listen.js';

/** The database of a process, as it is watched. */
export interface WatchedDatabase {
  /** Why the process cannot work with it now, in one sentence; undefined when it can. */
  readonly whyUnfit: () => Promise<string | undefined>;
  /** Its clock in milliseconds since 1970. */
  readonly nowMs: () => Promise<number>;
  /** Gives its connections back. */
  readonly close: () => Promise<unknown>;
}

/** What a process is besides what every process is; the stores come as functions. */
export interface ProcessOptions {
  readonly logger: Logger;
  readonly address: ListenAddress;
  readonly database: WatchedDatabase;
  /**
   * Why it cannot begin yet; undefined when it can. Until then nothing is made, and the port says why. What it throws ends the
   * process. Without it the process is made at once, and answers for itself that it is not ready.
   */
  readonly whyNotYet?: () => Promise<string | undefined>;
  /** What it needs besides the database; a check with connections of its own is closed at the end. */
  readonly checks?: readonly (ReadinessCheck & { close?(): Promise<unknown> })[];
  /** This machine's clock in milliseconds since 1970; the system's without it. */
  readonly now?: () => number;
  /** Makes what it is. */
  readonly make: (watched: Watched) => Promise<MadeProcess>;
  /** Called when it listens. @param url e.g. `http://127.0.0.1:8000`. */
  readonly onListening: (url: string) => void;
  readonly ending: Ending;
}

/** What a process looks at while it runs. */
export interface Watched {
  /** Held against the database's with every look; where the process waited to begin, it was measured before. */
  readonly clock: ClockWatch;
  readonly readiness: ReadinessWatch;
}

/** What a process consists of. */
export interface MadeProcess {
  /** Its web server, which does not listen yet. */
  readonly app: NestFastifyApplication;
  /** Closes what was opened besides, when the server is closed. */
  readonly disconnect?: () => Promise<unknown>;
}

/** How a process ends: what is in hand is finished, then connections are closed, and neither holds it up. */
export interface Ending {
  /** How long what is in hand may take, in milliseconds. */
  readonly finishWithinMs: number;
  /** What is logged when it takes longer: who goes on with it. */
  readonly cutShort: string;
  /** How long connections may take to close after that, in milliseconds. */
  readonly disconnectWithinMs: number;
  /** After how long the answers in flight are cut, in milliseconds; at once without it, unless the server finishes them. */
  readonly cutAnswersAfterMs?: number;
}

/** A process that listens. */
export interface ServedProcess extends Closable {
  readonly app: NestFastifyApplication;
  /** E.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  end(): void;
  /** Ends it in order; asked again it gives the same end. */
  close(): Promise<void>;
}

/**
 * The life of every process that serves: it opens its port, waits until it may begin, is made, watches its stores and its
 * clock, listens, and ends in order. What fails on the way is closed again.
 * @throws Error that names the variable when its port is in use, before anything is asked or made; and what `whyNotYet` and
 * `make` throw.
 */
export async function serveProcess(options: ProcessOptions): Promise<ServedProcess> {
  const { logger, address, database, whyNotYet, checks = [], ending } = options;
  const clock = new ClockWatch(database.nowMs, options.now);
  const readiness = new ReadinessWatch({
    checks: [databaseCheck(database.whyUnfit, clock), ...checks],
    clock,
    logger,
  });
  const port = await openPort(address);
  let made: MadeProcess | undefined;
  const closeStores = async () => {
    await Promise.all([...checks.map((check) => check.close?.()), database.close()]);
  };
  const close = async () => {
    readiness.end();
    const watched = readiness.stop();
    try {
      if (made !== undefined) await finish(made.app, options);
    } finally {
      const disconnected = Promise.all([port.close(), watched, made?.disconnect?.()]).finally(closeStores);
      await endsWithin(disconnected, ending.disconnectWithinMs);
    }
  };
  try {
    if (whyNotYet !== undefined) {
      await waitUntilReady({ logger, port, check: () => whyNotReady(whyNotYet, clock) });
    }
    const { app } = (made = await options.make({ clock, readiness }));
    readiness.start();
    port.handOverTo(app.getHttpServer());
    const url = await listenOn(app, address);
    options.onListening(url);
    let closed: Promise<void> | undefined;
    return { app, url, end: () => readiness.end(), close: () => (closed ??= close()) };
  } catch (error) {
    // Why it cannot start says more than how that ended.
    await Promise.allSettled([close()]);
    throw error;
  }
}

/** As `whyNotYet`, and the clock is measured at last: a database that goes away before that is waited for too. */
async function whyNotReady(
  whyNotYet: () => Promise<string | undefined>,
  clock: ClockWatch,
): Promise<string | undefined> {
  const reason = await whyNotYet();
  if (reason !== undefined) return reason;
  try {
    await clock.measure();
    return undefined;
  } catch (error) {
    return PROCESS_FINDINGS.clockNotAskable(describeFault(error));
  }
}

/** Closes the server and everything that is made with it, in time. */
async function finish(app: NestFastifyApplication, { logger, ending }: ProcessOptions): Promise<void> {
  const { cutAnswersAfterMs } = ending;
  const cut = () => app.getHttpAdapter().getInstance().server.closeAllConnections();
  const timer = cutAnswersAfterMs === undefined ? undefined : setTimeout(cut, cutAnswersAfterMs);
  try {
    if (await endsWithin(app.close(), ending.finishWithinMs)) return;
    logger.warn({ event: 'end_cut_short' }, ending.cutShort);
  } finally {
    clearTimeout(timer);
  }
}
