import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { ClockWatch, type ClockOffset } from '@app/observability';
import {
  DatabaseUnavailableError,
  readRole,
  WrongModeError,
  whyUnfit,
  type Pool,
  type ReadDatabase,
} from '@app/storage';
import type { ApiSettings } from './api-settings.js';
import { API_SETTINGS, WATCH_DATABASE, WATCH_POOL } from './tokens.js';

/** Thrown when the API was started as a role that could change what is stored. */
export class WritingRoleError extends Error {
  override readonly name = 'WritingRoleError';

  constructor(role: string, tables: readonly string[]) {
    const shown = tables.slice(0, 3).join(', ') + (tables.length > 3 ? ` and ${tables.length - 3} more` : '');
    super(
      `The API reads as the role ${role}, which may write to ${shown}: name a role that may only read in API_DATABASE_URL, or in API_DATABASE_USER and API_DATABASE_PASSWORD (migrate makes it).`,
    );
  }
}

/** What is known of the database. */
export interface DatabaseState {
  /** Why its prices cannot be served now; undefined when they can. */
  readonly unfit: string | undefined;
  /** The role that the API reads as; undefined before it was asked. */
  readonly role: string | undefined;
}

/** Between two looks while it does not fit, in milliseconds: at first, and at most. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/** Between two looks while all is well, in milliseconds. */
const USUAL_PAUSE_MS = 1_000;

/**
 * Keeps an eye on the database over a connection of its own: whether it is there, has the schema of this build and the
 * right mode, whether its clock agrees with ours, and that we may not write to it.
 */
@Injectable()
export class DatabaseWatch {
  private readonly stopping = new AbortController();
  private state: DatabaseState = { unfit: 'the database has not been asked yet', role: undefined };
  private watching: Promise<void> = Promise.resolve();

  constructor(
    @Inject(WATCH_POOL) private readonly pool: Pool,
    @Inject(WATCH_DATABASE) private readonly database: ReadDatabase,
    @Inject(ClockWatch) private readonly clock: ClockWatch,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
  ) {}

  /** What the last look found. */
  current(): DatabaseState {
    return this.state;
  }

  /** The offset of our clock to the database's as last measured, and whether it is small enough. */
  clockOffset(): { readonly measured: ClockOffset | undefined; readonly isTrue: boolean } {
    return { measured: this.clock.offset(), isTrue: this.clock.isTrue() };
  }

  /** Looks now and then until {@link stop}. */
  start(): void {
    this.watching = this.watch();
  }

  /** Ends the watch. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.stopping.signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        this.settings.onFatal(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      const fits = this.state.unfit === undefined;
      const wait = fits ? USUAL_PAUSE_MS : pauseMs;
      pauseMs = fits ? FIRST_PAUSE_MS : Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
      await delay(wait, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Looks once. @throws WrongModeError, WritingRoleError when waiting cannot help. */
  private async look(): Promise<void> {
    const before = this.state.unfit;
    const found = await this.examine();
    this.state = { unfit: found.unfit, role: found.role ?? this.state.role };
    if (before === found.unfit || this.stopping.signal.aborted) return;
    if (found.unfit === undefined)
      this.settings.logger.info({ event: 'ready', role: found.role }, 'stored prices can be served');
    // Before it was ever ready it waits for migrate, as it should; afterwards something is wrong.
    else this.settings.logger[this.state.role === undefined ? 'info' : 'warn']({ event: 'not_ready' }, found.unfit);
  }

  private async examine(): Promise<DatabaseState> {
    try {
      const unfit = await whyUnfit(this.pool, this.settings.mode);
      if (unfit !== undefined) return { unfit, role: undefined };
      const { role, writable } = await readRole(this.database);
      if (writable.length > 0) throw new WritingRoleError(role, writable);
      await this.clock.measure();
      return { unfit: undefined, role };
    } catch (error) {
      if (error instanceof WrongModeError || error instanceof WritingRoleError) throw error;
      const cause = error instanceof DatabaseUnavailableError ? error.cause : error;
      const message = cause instanceof Error ? cause.message : String(cause);
      return { unfit: `the database cannot be reached: ${message}`, role: undefined };
    }
  }
}
