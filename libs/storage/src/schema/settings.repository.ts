import type pg from 'pg';

/** Whether prices are real (`live`) or made by the simulator. */
export type Mode = 'live' | 'simulated';

/** What the simulator priced by, from an instant on. */
export interface SimulationSettings {
  /** UNIX seconds from which these held. */
  readonly since: number;
  readonly seed: string;
  /** Path of the replayed file of bars; null when prices are computed. */
  readonly history: string | null;
}

/** Thrown when a process of one mode meets a database of the other: simulated prices are never taken for real ones. */
export class WrongModeError extends Error {
  override readonly name = 'WrongModeError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(stored: string, wanted: Mode) {
    super(
      `This database holds ${stored} prices and this process was started as ${wanted}: name another database in DATABASE_URL, or set TIDEMARK_MODE=${stored}.`,
    );
  }
}

type Queryable = Pick<pg.Pool, 'query'>;

/** Stores the mode of a new database. @throws WrongModeError when the database has the other one. */
export async function writeMode(client: Queryable, mode: Mode): Promise<void> {
  await client.query(`INSERT INTO settings (key, value) VALUES ('mode', to_jsonb($1::text)) ON CONFLICT DO NOTHING`, [
    mode,
  ]);
  await checkMode(client, mode);
}

/** The mode of the database; undefined before the first migration has stored one. */
export async function readMode(client: Queryable): Promise<string | undefined> {
  const result = await client.query<{ mode: string }>(`SELECT value #>> '{}' AS mode FROM settings WHERE key = 'mode'`);
  return result.rows[0]?.mode;
}

/** @throws WrongModeError when the database is of the other mode. */
export async function checkMode(client: Queryable, mode: Mode): Promise<void> {
  const stored = await readMode(client);
  if (stored !== mode) throw new WrongModeError(stored ?? 'no', mode);
}

/** What the simulator priced by, oldest first; empty for a live database. */
export async function readSimulations(client: Queryable): Promise<SimulationSettings[]> {
  const result = await client.query<{ value: SimulationSettings[] }>(
    `SELECT value FROM settings WHERE key = 'simulations'`,
  );
  return result.rows[0]?.value ?? [];
}

/** Records what the simulator prices by from now on, unless it is what it priced by before. */
export async function recordSimulation(client: Queryable, simulation: SimulationSettings): Promise<void> {
  const last = (await readSimulations(client)).at(-1);
  if (last?.seed === simulation.seed && last.history === simulation.history) return;
  await client.query(
    `INSERT INTO settings (key, value) VALUES ('simulations', jsonb_build_array($1::jsonb))
     ON CONFLICT (key) DO UPDATE SET value = settings.value || EXCLUDED.value`,
    [JSON.stringify(simulation)],
  );
}
