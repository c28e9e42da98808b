import type pg from 'pg';
import { DATABASE_FINDINGS } from '../database/database-findings.js';
import { connectionFault } from '../database/connection-fault.js';
import { whyUnreachable } from '../database/pooler.js';
import { checkSchema } from './schema-check.js';
import { checkMode, WrongModeError, type Mode } from './settings.repository.js';

/**
 * Why a process cannot work with this database yet; undefined when it can. An unreachable database is such a reason.
 * @throws WrongModeError when waiting would not help: the database is of the other mode.
 */
export async function whyUnfit(pool: pg.Pool, mode: Mode): Promise<string | undefined> {
  try {
    const schema = await checkSchema(pool);
    if (!schema.fits) return schema.advice;
    await checkMode(pool, mode);
    return undefined;
  } catch (error) {
    if (error instanceof WrongModeError) throw error;
    return DATABASE_FINDINGS.unreachable(connectionFault(error));
  }
}

/** What a process is to work with. */
export interface StartOptions {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly mode: Mode;
  /** Whether the queue is in this database. */
  readonly carriesQueue: boolean;
}

/**
 * As {@link whyUnfit}, for the start of a process: looks besides, until that was well once, whether the address leads to
 * connections of one's own. What stands behind an address does not change.
 */
export function fitnessAtStart({ url, pool, mode, carriesQueue }: StartOptions): () => Promise<string | undefined> {
  let isReached = false;
  return async () => {
    if (!isReached) {
      const unreachable = await whyUnreachable(url, carriesQueue);
      if (unreachable !== undefined) return unreachable;
      isReached = true;
    }
    return whyUnfit(pool, mode);
  };
}

/**
 * Why a process that stores cannot work with this database now; undefined when it can. As {@link whyUnfit}, and it must
 * take writes: after a failover one's address may lead to the standby.
 * @throws WrongModeError when waiting would not help.
 */
export async function whyUnwritable(pool: pg.Pool, mode: Mode): Promise<string | undefined> {
  const unfit = await whyUnfit(pool, mode);
  if (unfit !== undefined) return unfit;
  try {
    const { rows } = await pool.query<{ refused: boolean }>(
      `SELECT current_setting('transaction_read_only')::boolean AS refused`,
    );
    return rows[0]?.refused === true ? DATABASE_FINDINGS.readOnly() : undefined;
  } catch (error) {
    return DATABASE_FINDINGS.unreachable(connectionFault(error));
  }
}
