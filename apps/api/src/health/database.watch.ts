import { Inject, Injectable } from '@nestjs/common';
import { ClockWatch, databaseCheck, ReadinessWatch, type ClockOffset } from '@app/process';
import {
  connectionFault,
  DatabaseUnavailableError,
  fitnessAtStart,
  readRole,
  WrongModeError,
  type Pool,
  type ReadDatabase,
} from '@app/storage';
import type { ApiSettings } from '../api-settings.js';
import { API_SETTINGS, WATCH_DATABASE, WATCH_POOL } from '../tokens.js';

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

/**
 * Keeps an eye on the database over a connection of its own: whether it is there, has the schema of this build and the
 * right mode, whether its clock agrees with ours, and that we may not write to it.
 */
@Injectable()
export class DatabaseWatch {
  private readonly readiness: ReadinessWatch;
  private readonly whyUnfit: () => Promise<string | undefined>;
  private role: string | undefined;
  private hasFailed = false;

  constructor(
    @Inject(WATCH_POOL) pool: Pool,
    @Inject(WATCH_DATABASE) private readonly database: ReadDatabase,
    @Inject(ClockWatch) private readonly clock: ClockWatch,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
  ) {
    this.whyUnfit = fitnessAtStart({
      url: settings.databaseUrl,
      pool,
      mode: settings.mode,
      carriesQueue: false,
    });
    const checks = [databaseCheck(() => this.examine(), clock)];
    this.readiness = new ReadinessWatch({ checks, clock, logger: settings.logger });
  }

  /** What the last look found. */
  current(): DatabaseState {
    return { unfit: this.readiness.findings()[0], role: this.role };
  }

  /** Why this process should get no requests now, one sentence each; empty when it should. */
  reasons(): readonly string[] {
    return this.readiness.reasons();
  }

  /** The same, but once everything was right the only reason is that the process is ending. */
  latchedReasons(): readonly string[] {
    return this.readiness.latchedReasons();
  }

  /** Whether the process was told to end: it still serves who is there, and wants nobody new. */
  get ending(): boolean {
    return this.readiness.ending;
  }

  /** The offset of our clock to the database's as last measured, and whether it is small enough. */
  clockOffset(): { readonly measured: ClockOffset | undefined; readonly isTrue: boolean } {
    return { measured: this.clock.offset(), isTrue: this.clock.isTrue() };
  }

  /** Looks once a second until {@link stop}. */
  start(): void {
    this.readiness.start();
  }

  /** From here on the process is not ready: it was told to end. */
  end(): void {
    this.readiness.end();
  }

  /** Ends the watch. */
  async stop(): Promise<void> {
    await this.readiness.stop();
  }

  private async examine(): Promise<string | undefined> {
    try {
      const unfit = await this.whyUnfit();
      if (unfit !== undefined) return unfit;
      const { role, writable } = await readRole(this.database);
      if (writable.length > 0) throw new WritingRoleError(role, writable);
      this.role = role;
      return undefined;
    } catch (error) {
      if (error instanceof WrongModeError || error instanceof WritingRoleError) return this.fail(error);
      const cause = error instanceof DatabaseUnavailableError ? error.cause : error;
      return `the database cannot be reached: ${connectionFault(cause)}`;
    }
  }

  /** Waiting cannot help: the process is to end; called once. */
  private fail(error: Error): string {
    if (!this.hasFailed) this.settings.onFatal(error);
    this.hasFailed = true;
    return error.message;
  }
}
