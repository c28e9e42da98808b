/** A port of loopback on which nobody listens, and which no other test is given while this process lives. */
export function freePort(): Promise<number>;
