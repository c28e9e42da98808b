import { CONNECTION_FAULTS } from './database-findings.js';

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
    return CONNECTION_FAULTS.untrusted(message);
  }
  if (message.includes('does not support SSL')) {
    return CONNECTION_FAULTS.noTls();
  }
  if (message.includes('unsupported startup parameter')) {
    return CONNECTION_FAULTS.strictPool(message);
  }
  return isDefaultAddress(error) ? CONNECTION_FAULTS.defaultAddress(message) : message;
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
