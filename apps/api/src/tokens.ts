/** The clock: a {@link Clock}. */
export const CLOCK = Symbol('clock');

/** Milliseconds since 1970, now. */
export type Clock = () => number;

/** What the API was started with: `ApiSettings`. */
export const API_SETTINGS = Symbol('api settings');

/** The pool that answers requests. */
export const READ_POOL = Symbol('read pool');

/** A small pool for the watch over the database, so that busy requests never hide it. */
export const WATCH_POOL = Symbol('watch pool');

/** A `ReadDatabase` on {@link WATCH_POOL}. */
export const WATCH_DATABASE = Symbol('watch database');
