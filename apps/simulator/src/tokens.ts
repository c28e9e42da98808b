/** Injection token of the clock, a function that gives milliseconds since 1970. */
export const CLOCK = Symbol('CLOCK');
