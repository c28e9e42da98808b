import { existsSync } from 'node:fs';
import { ExpectedPricesUnavailableError } from '@app/storage';
import { type Child, describeEnd, startChild } from '@app/embedded';

/** What a simulator prices by. */
export interface Simulation {
  readonly seed: string;
  /** Path of the replayed file; null when prices are computed. */
  readonly history: string | null;
}

/** A simulator that runs for us alone. */
export interface SimulatorProcess {
  /** Address without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A long history file takes some seconds to read. */
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 2_000;

/**
 * Starts the real simulator on a free port of loopback: its price function is nowhere else.
 * @param entry its compiled entry point.
 * @param sourcesFile declares further sources, which it stands in for too.
 * @throws ExpectedPricesUnavailableError when it cannot be had, e.g. because the file that it replayed is gone.
 */
export async function startSimulator(
  entry: string,
  { seed, history }: Simulation,
  sourcesFile?: string,
): Promise<SimulatorProcess> {
  if (history !== null && !existsSync(history)) {
    throw new ExpectedPricesUnavailableError(`the file that the simulator replayed is gone: ${history}`);
  }
  let heard: (url: string) => void = () => undefined;
  const listening = new Promise<string>((resolve) => (heard = resolve));
  const child = await startChild({
    name: 'simulator',
    command: process.execPath,
    arguments: [entry],
    tether: 'channel',
    environment: {
      LOG_LEVEL: 'info',
      SIMULATOR_HOST: '127.0.0.1',
      SIMULATOR_PORT: '0',
      SIMULATOR_SEED: seed,
      ...(history === null ? {} : { SIMULATOR_HISTORY: history }),
      ...(sourcesFile === undefined ? {} : { HTTP_SOURCES_FILE: sourcesFile }),
    },
    onLine: (line) => {
      const url = /"address":"(http:[^"]+)"/.exec(line)?.[1];
      if (url !== undefined) heard(url);
    },
  });
  const url = await Promise.race([listening, faultOf(child)]);
  if (url instanceof Error) {
    await child.stop(0);
    throw url;
  }
  return { url, stop: async () => void (await child.stop(STOP_LIMIT_MS)) };
}

/** Why a simulator did not come to listen; never answers while it does. */
async function faultOf(child: Child): Promise<Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), START_LIMIT_MS);
    timer.unref();
  });
  const end = await Promise.race([child.ended, late]);
  clearTimeout(timer);
  const how = end === undefined ? `did not listen within ${START_LIMIT_MS / 1000} s` : `ended with ${describeEnd(end)}`;
  return new ExpectedPricesUnavailableError(`the simulator ${how}: ${child.lastLines().slice(-3).join(' | ')}`);
}
