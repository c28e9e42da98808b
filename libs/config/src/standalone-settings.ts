import { z } from 'zod';
import {
  apiSettings,
  callSettings,
  payloadSettings,
  schedulerSettings,
  simulatorSettings,
  workerSettings,
} from './settings.js';
import { ingestionSettings } from './ingestion-settings.js';

/** The launcher; it hands most variables on to the processes it starts. Its stores are its own, so that none is named. */
export const standaloneSettings = {
  ...callSettings,
  ...payloadSettings,
  API_PORT: apiSettings.API_PORT,
  CONTROL_PORT: schedulerSettings.CONTROL_PORT,
  WORKER_PORT: workerSettings.WORKER_PORT,
  SIMULATOR_PORT: simulatorSettings.SIMULATOR_PORT,
  SIMULATOR_SEED: simulatorSettings.SIMULATOR_SEED,
  SIMULATOR_HISTORY: simulatorSettings.SIMULATOR_HISTORY,
  SAMPLE_INTERVAL_SECONDS: schedulerSettings.SAMPLE_INTERVAL_SECONDS,
  CATALOGUE_FILE: schedulerSettings.CATALOGUE_FILE,
  SNAPSHOT_DIR: schedulerSettings.SNAPSHOT_DIR,
  ...ingestionSettings,
  CONTROL_PASSWORD: schedulerSettings.CONTROL_PASSWORD,
  TIDEMARK_HOME: schedulerSettings.TIDEMARK_HOME,
  QUEUE_STORE: z
    .enum(['redis', 'postgres'], { error: 'must be redis or postgres' })
    .optional()
    .describe(
      'Queue store of the launcher: a private redis-server or valkey-server, or Postgres. Without it: Redis when there is one on the PATH.',
    ),
};
