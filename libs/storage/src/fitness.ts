import type pg from 'pg';
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
    return `the database cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
  }
}
