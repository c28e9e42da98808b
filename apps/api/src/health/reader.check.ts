import {
  connectionFault,
  DATABASE_FINDINGS,
  DatabaseUnavailableError,
  readRole,
  WrongModeError,
  type ProcessDatabase,
  type ReadDatabase,
} from '@app/storage';

/** Thrown when the API was started as a role that could change what is stored. */
export class WritingRoleError extends Error {
  override readonly name = 'WritingRoleError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(role: string, tables: readonly string[]) {
    const shown = tables.slice(0, 3).join(', ') + (tables.length > 3 ? ` and ${tables.length - 3} more` : '');
    super(
      `The API reads as the role ${role}, which may write to ${shown}: name a role that may only read in API_DATABASE_URL, or in API_DATABASE_USER and API_DATABASE_PASSWORD (migrate makes it).`,
    );
  }
}

/** What a {@link ReaderCheck} asks. */
export interface ReaderCheckOptions {
  readonly database: Pick<ProcessDatabase, 'whyUnfitAtStart'>;
  /** On the connections that watch. */
  readonly reader: ReadDatabase;
  /** Called once when waiting cannot help: the database is of the other mode, or this process could write to it. */
  readonly onFatal: (error: Error) => void;
}

/** Looks whether prices can be read: the database is there, has the schema of this build and the right mode, and we may not write to it. */
export class ReaderCheck {
  private readRole: string | undefined;
  private hasFailed = false;

  constructor(private readonly options: ReaderCheckOptions) {}

  /** The role that the API reads as; undefined before it was asked. */
  get role(): string | undefined {
    return this.readRole;
  }

  /** @returns why stored prices cannot be read now, in one sentence; undefined when they can. */
  async whyUnfit(): Promise<string | undefined> {
    try {
      const unfit = await this.options.database.whyUnfitAtStart();
      if (unfit !== undefined) return unfit;
      const { role, writable } = await readRole(this.options.reader);
      if (writable.length > 0) throw new WritingRoleError(role, writable);
      this.readRole = role;
      return undefined;
    } catch (error) {
      if (error instanceof WrongModeError || error instanceof WritingRoleError) return this.fail(error);
      const cause = error instanceof DatabaseUnavailableError ? error.cause : error;
      return DATABASE_FINDINGS.unreachable(connectionFault(cause));
    }
  }

  private fail(error: Error): string {
    if (!this.hasFailed) this.options.onFatal(error);
    this.hasFailed = true;
    return error.message;
  }
}
