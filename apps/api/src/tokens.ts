/** The clock: a {@link Clock}. */
export const CLOCK = Symbol('clock');

/** Milliseconds since 1970, now. */
export type Clock = () => number;

/** What the API was started with: `ApiSettings`. */
export const API_SETTINGS = Symbol('api settings');

/** A `ReadDatabase` on the connections that watch, so that busy requests never hide it. */
export const WATCH_DATABASE = Symbol('watch database');
