/**
 * Every sentence that says why a process cannot work with its database. docs/troubleshooting.md says of each what to do, and a test
 * holds it complete.
 */
export const DATABASE_FINDINGS = {
  unreachable: (fault: string) => `the database cannot be reached: ${fault}`,
  readOnly: () => 'the database is a standby, or set to read only: name the primary in DATABASE_URL',
  noSchema: () => 'the database has no Tidemark schema yet, or migrate is still at work: run migrate',
  earlierSchema: (found: string, build: string) =>
    `the database is at ${found}, this build works with ${build}: run the migrate of this build`,
  laterSchema: (found: string, since: string, build: string) =>
    `the database is at ${found}, on which builds since ${since} run, and this build works with ${build}: use a newer build`,
  unfinishedSchema: (found: string) =>
    `the migration of the database to ${found} is still at work, or was interrupted: run the migrate of that build`,
  /** PgBouncer, for one. */
  transactionPool: () =>
    'the address leads to a pool in transaction mode (PgBouncer or the like), which gives each transaction another connection: locks of a session, LISTEN and prepared statements do not work there. Name Postgres itself, or a pool in session mode',
  /** A queue cannot go through a pool that drops the options of a connection. */
  poolDropsOptions: () =>
    'the address leads to a pool that drops the options of a connection, by which the queue finds its tables: name Postgres itself in QUEUE_URL, or a Redis',
} as const;

/** What {@link DATABASE_FINDINGS} says after "cannot be reached", where a cure is known. Anything else is what the connection said. */
export const CONNECTION_FAULTS = {
  untrusted: (message: string) =>
    `its certificate is not trusted (${message}): name the authority in sslrootcert (POSTGRES_SSLROOTCERT), and the host that the certificate was made for`,
  noTls: () => 'it speaks no TLS, which sslmode (POSTGRES_SSLMODE) asks for: turn it on there (ssl = on)',
  strictPool: (message: string) =>
    `a pool stands before it that refuses what a connection asks for (${message}): name Postgres itself, or a pool in session mode with ignore_startup_parameters = extra_float_digits, statement_timeout, idle_in_transaction_session_timeout, options; in transaction mode it cannot work`,
  defaultAddress: (message: string) => `${message} (the default address: set DATABASE_URL)`,
} as const;
