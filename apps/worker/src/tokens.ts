/** The process's logger. */
export const LOGGER = Symbol('logger');
/** Aborted when the process must end and what is in hand could not be finished. */
export const SHUTDOWN = Symbol('shutdown');
