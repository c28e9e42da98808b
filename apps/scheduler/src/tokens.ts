/** The process's logger. */
export const LOGGER = Symbol('logger');
/** Connections to Postgres. */
export const POOL = Symbol('pool');
