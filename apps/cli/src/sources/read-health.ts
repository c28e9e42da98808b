import { databaseUrl } from '@app/config';
import { createPool, StatusRepository } from '@app/storage';
import type { CliSettings } from '../cli-settings.js';
import type { SourceHealth } from './describe-health.js';

/** Reads how the sources stand. @returns why it is not known, when no database with a Tidemark in it is reached. */
export async function readHealth({ settings }: CliSettings, nowMs: number): Promise<SourceHealth | string> {
  const url = databaseUrl(settings);
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
    return `no health, for the database at ${place.host}${place.pathname} could not be read: ${wordsOf(error)}`;
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
