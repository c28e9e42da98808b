import { ingestionSettings, loadSettings, modeSettings, type SettingsOf } from '@app/config';
import { createPool, type Pool } from '@app/storage';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { findPrivateStore, nothingFound } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';

const SETTINGS = { ...ingestionSettings, ...modeSettings };

/** What the environment says of lists. @throws UsageError naming every fault. */
export function readIngestionSettings(terminal: Terminal): SettingsOf<typeof SETTINGS> {
  try {
    return loadSettings(SETTINGS, terminal.environment);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Does work with the database of the environment, or with the private stores that run. @throws UsageError when there is none. */
export async function withDatabase<T>(terminal: Terminal, work: (pool: Pool) => Promise<T>): Promise<T> {
  const settings = loadVerifySettings(terminal.environment);
  const url = settings.databaseUrl ?? findPrivateStore(settings)?.url;
  if (url === undefined) throw new UsageError(`There is no database to read lists into: ${nothingFound(settings)}.`);
  const pool = createPool({ url, applicationName: 'tidemark-cli', maxConnections: 3, onIdleError: () => undefined });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
