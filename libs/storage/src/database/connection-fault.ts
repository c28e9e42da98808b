/** How Node names a certificate that does not prove what it should. */
const UNTRUSTED = /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED_CERT)/;

/**
 * What an error of a connection to the database says, in one sentence, with the cure where one is known. One of several
 * tries at one address (`AggregateError`) says nothing by itself, its causes do.
 */
export function connectionFault(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(connectionFault).join(', ');
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (UNTRUSTED.test(code)) {
    return `its certificate is not trusted (${message}): name the authority in sslrootcert (POSTGRES_SSLROOTCERT), and the host that the certificate was made for`;
  }
  if (message.includes('does not support SSL')) {
    return 'it speaks no TLS, which sslmode (POSTGRES_SSLMODE) asks for: turn it on there (ssl = on)';
  }
  if (message.includes('unsupported startup parameter')) {
    return `a pool stands before it that refuses what a connection asks for (${message}): name Postgres itself, or a pool in session mode with ignore_startup_parameters = extra_float_digits, statement_timeout, idle_in_transaction_session_timeout, options; in transaction mode it cannot work`;
  }
  return isDefaultAddress(error) ? `${message} (the default address: set DATABASE_URL)` : message;
}

/** Whether nobody listens where Postgres is looked for when neither DATABASE_URL nor POSTGRES_HOST says where it is. */
function isDefaultAddress(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'address' in error &&
    error.address === '127.0.0.1' &&
    'port' in error &&
    error.port === 5432
  );
}
