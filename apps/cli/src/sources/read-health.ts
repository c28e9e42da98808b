import { createPool, StatusRepository } from '@app/storage';
import type { Terminal } from '../terminal.js';
import { findPrivateStore, nothingFound } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';
import type { SourceHealth } from './describe-health.js';

/** Reads how the sources stand. @returns why it is not known, when no database with a Tidemark in it is reached. @throws SettingsError */
export async function readHealth(terminal: Terminal): Promise<SourceHealth | string> {
  const settings = loadVerifySettings(terminal.environment);
  if (settings.databaseUrl !== undefined) return healthIn(settings.databaseUrl, terminal.now());
  const store = findPrivateStore(settings);
  if (store === undefined) return `No health is known: ${nothingFound(settings)}.`;
  if (store.url !== undefined) return healthIn(store.url, terminal.now());
  return `No health is known: the private stores of ${store.folder} do not run. While \`make demo\` or \`make start\` runs, it is read from there.`;
}

async function healthIn(url: string, nowMs: number): Promise<SourceHealth | string> {
  const pool = createPool({
    url,
    applicationName: 'tidemark-cli',
    maxConnections: 1,
    onIdleError: () => undefined,
  });
  try {
    const states = await new StatusRepository(pool).sources(nowMs);
    return new Map(states.map((state) => [state.sourceId, state]));
  } catch (error) {
    // Only the place: an address holds a password.
    const place = new URL(url);
    return `No health is known: the database at ${place.host}${place.pathname} could not be read: ${wordsOf(error)}.`;
  } finally {
    await pool.end();
  }
}

function wordsOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const code = typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : '';
  if (code === '42P01' || code === '3F000') return 'it holds no Tidemark';
  return code !== '' && /^E[A-Z]+$/.test(code) ? code : first instanceof Error ? first.message : String(first);
}
