/** Stops what the global set-up has started. @throws Error naming the databases that tests of this run have left behind. */
export default function globalTeardown(): Promise<void>;
