/** The process's logger. */
export const LOGGER = Symbol('logger');
/** A worker for each queue: see `jobWorkersFor`. */
export const JOB_WORKERS = Symbol('job-workers');
/** How long jobs in hand may take to finish at the end, in milliseconds. */
export const FINISH_WITHIN_MS = Symbol('finish-within-ms');
