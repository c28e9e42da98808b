import { setInterval } from 'node:timers';
import type pg from 'pg';

/** How the lock of a run is held. */
export interface RunLockOptions {
  /** Postgres ends a session that says nothing for so long, and so frees its lock, in seconds. */
  readonly idleSeconds?: number;
  /** How often the session says something, in seconds. */
  readonly beatSeconds?: number;
}

/** A process that is frozen, or cut off from Postgres, keeps others from its lists for no longer than this. */
const IDLE_SECONDS = 60;

/** Four times within {@link IDLE_SECONDS}. */
const BEAT_SECONDS = 15;

/** Thrown in a run whose connection broke that held its lock: another may begin, so this one ends. */
export class RunLockLostError extends Error {
  override readonly name = 'RunLockLostError';
}

/**
 * The lock of a run: a lock of a session of Postgres, on a connection that serves nothing else. It is free as soon as its process is
 * gone, since the connection goes with it. Of a process that is stopped, or of a machine that cannot be reached, Postgres keeps the
 * connection; but it then hears nothing on it, and ends it by `idle_session_timeout`. What such a process still stores when it comes
 * back is refused by the number of its run (see `lockCheckpoint`), so this lock decides only who begins.
 */
export class RunLock {
  private readonly controller = new AbortController();
  private readonly beat: NodeJS.Timeout;

  private constructor(
    private readonly client: pg.PoolClient,
    source: string,
    beatSeconds: number,
  ) {
    const lose = (error?: unknown): void =>
      this.controller.abort(
        new RunLockLostError(`the connection that held the lock of ${source} broke`, { cause: error }),
      );
    client.on('error', lose);
    client.on('end', () => lose());
    this.beat = setInterval(() => void client.query('SELECT 1').catch(lose), beatSeconds * 1000);
  }

  /** @returns undefined when another run of this source has it. */
  static async take(
    pool: Pick<pg.Pool, 'connect'>,
    source: string,
    { idleSeconds = IDLE_SECONDS, beatSeconds = BEAT_SECONDS }: RunLockOptions = {},
  ): Promise<RunLock | undefined> {
    const client = await pool.connect();
    try {
      await client.query(`SELECT set_config('idle_session_timeout', $1, false)`, [String(idleSeconds * 1000)]);
      const { rows } = await client.query<{ isTaken: boolean }>(
        `SELECT pg_try_advisory_lock(${RUN_LOCK_CLASS}, hashtext($1)) AS "isTaken"`,
        [source],
      );
      if (rows[0]?.isTaken === true) return new RunLock(client, source, beatSeconds);
      client.release(true);
      return undefined;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Aborted when it is not held any more, with a {@link RunLockLostError}. */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Frees it, and gives up its connection. */
  async release(): Promise<void> {
    clearInterval(this.beat);
    // The end of a connection frees it too, but a moment later than this returns.
    if (!this.lost.aborted) await this.client.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    this.client.release(true);
  }
}

/** Sets these locks apart from others of two numbers. */
const RUN_LOCK_CLASS = `hashtext('tidemark run')`;

/** SQL: whether a session holds the lock of a source. @param source SQL of its name. */
export function holdsRunLock(source: string): string {
  const unsigned = (number: string): string => `(${number}::bigint & 4294967295)`;
  return `EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND d.datname = current_database()
              AND l.classid::bigint = ${unsigned(RUN_LOCK_CLASS)} AND l.objid::bigint = ${unsigned(`hashtext(${source})`)})`;
}
