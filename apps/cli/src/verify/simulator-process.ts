import { existsSync } from 'node:fs';
import { ExpectedPricesUnavailableError } from '@app/storage';
import { OwnProcessError, type OwnProcess, startOwnProcess } from '../own-process.js';

/** What a simulator prices by. */
export interface Simulation {
  readonly seed: string;
  /** Path of the replayed file; null when prices are computed. */
  readonly history: string | null;
}

/** A simulator that is asked. */
export type SimulatorProcess = Pick<OwnProcess, 'url' | 'stop'>;

/** A long history file takes some seconds to read. */
const START_LIMIT_MS = 60_000;

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
  try {
    return await startOwnProcess({
      name: 'simulator',
      entry,
      startLimitMs: START_LIMIT_MS,
      environment: {
        LOG_LEVEL: 'info',
        SIMULATOR_HOST: '127.0.0.1',
        SIMULATOR_PORT: '0',
        SIMULATOR_SEED: seed,
        ...(history === null ? {} : { SIMULATOR_HISTORY: history }),
        ...(sourcesFile === undefined ? {} : { HTTP_SOURCES_FILE: sourcesFile }),
      },
    });
  } catch (error) {
    if (!(error instanceof OwnProcessError)) throw error;
    throw new ExpectedPricesUnavailableError(error.message, { cause: error });
  }
}
