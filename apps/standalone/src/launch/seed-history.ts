import { sourceById } from '@app/sources';
import { createPool, HistoryRepository, recordSimulation, type FirstSchedule } from '@app/storage';
import { z } from 'zod';
import type { ReadySystem } from './launcher.js';

/** How much past a new demo gets, in seconds, so that ranges are not empty. */
const HISTORY_SECONDS = 86_400;

/** Distance of two prices of that past, in seconds. */
const HISTORY_INTERVAL_SECONDS = 60;

const simulationSchema = z.object({ seed: z.string(), history: z.object({ path: z.string() }).nullable() });
const historySchema = z.object({ prices: z.array(z.tuple([z.int(), z.string()])) });

/**
 * Notes in the database what the simulator prices by, so that the checker can ask it again, and puts a day of simulated
 * past before every ticker that has none.
 * @param startedAtSeconds when this run began: before its first sample.
 * @returns how many prices of the past were stored.
 */
export async function seedHistory(system: ReadySystem, startedAtSeconds: number): Promise<number> {
  const { simulatorUrl } = system;
  if (simulatorUrl === undefined) return 0;
  const pool = createPool({
    url: system.databaseUrl,
    applicationName: 'tidemark-demo',
    maxConnections: 2,
    onIdleError: () => undefined,
  });
  try {
    const { seed, history } = simulationSchema.parse(await ask(simulatorUrl, '/simulator'));
    await recordSimulation(pool, { since: startedAtSeconds, seed, history: history?.path ?? null });
    const repository = new HistoryRepository(pool);
    let stored = 0;
    for (const ticker of await repository.withoutHistory())
      stored += await seedTicker(repository, simulatorUrl, ticker);
    return stored;
  } finally {
    await pool.end();
  }
}

async function seedTicker(repository: HistoryRepository, simulatorUrl: string, first: FirstSchedule): Promise<number> {
  const end = first.fromSlot - (first.fromSlot % HISTORY_INTERVAL_SECONDS);
  const query = new URLSearchParams({
    source: sourceById(first.sourceId)?.name ?? String(first.sourceId),
    name: first.sourceSymbol,
    from: String(end - HISTORY_SECONDS),
    to: String(end),
    step: String(HISTORY_INTERVAL_SECONDS),
  });
  const { prices } = historySchema.parse(await ask(simulatorUrl, `/simulator/history?${query.toString()}`));
  return repository.insert({
    ticker: first.ticker,
    sourceId: first.sourceId,
    intervalSeconds: HISTORY_INTERVAL_SECONDS,
    receivedAt: new Date(),
    points: prices,
  });
}

async function ask(simulatorUrl: string, path: string): Promise<unknown> {
  const response = await fetch(`${simulatorUrl}${path}`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`the simulator answered ${response.status} to ${path}`);
  return response.json();
}
