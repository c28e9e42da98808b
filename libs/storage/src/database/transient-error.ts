/**
 * SQLSTATE classes after which the same statement may succeed later: connection, resources, shutdown, deadlock, lock
 * time-out, and a standby that has not taken over yet (25006).
 */
const TRANSIENT_STATES = /^(08|53|57P|40001|40P01|55P03|57014|25P03|25006)/;

/** Every SQLSTATE has a digit, which tells it from the five letters of EPIPE. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/**
 * Whether a failed statement is the fault of the way to the database, or of its state, and not of the statement.
 * Errors without an SQLSTATE come from the connection itself (refused, reset, timed out), unless they are faults of ours.
 */
export function isTransientDatabaseError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && SQLSTATE.test(code)) return TRANSIENT_STATES.test(code);
  return !FAULTS_OF_OURS.some((fault) => error instanceof fault);
}

const FAULTS_OF_OURS = [TypeError, RangeError, ReferenceError, SyntaxError];
