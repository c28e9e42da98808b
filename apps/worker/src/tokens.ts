/** The process's logger. */
export const LOGGER = Symbol('logger');
/** Aborted when the process must end and what is in hand could not be finished. */
export const SHUTDOWN = Symbol('shutdown');

/** How long jobs in hand may take to finish at the end before they are given back, in milliseconds. */
export const FINISH_WITHIN_MS = Symbol('finish within ms');
