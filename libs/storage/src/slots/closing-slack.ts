/**
 * How long after a slot's grace its outcome may still be missing, in seconds: the closer looks once a second, and waits for 5 s
 * of quiet when the database was away, so that workers with observations in hand store first.
 */
export const CLOSING_SLACK_SECONDS = 8;
