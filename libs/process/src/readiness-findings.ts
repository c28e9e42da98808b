/**
 * Every sentence of this library that says why a process is not ready. What is asked stands in it by its name, such as `the database`.
 * docs/troubleshooting.md says of each what to do, and a test holds it complete.
 */
export const PROCESS_FINDINGS = {
  /** Nothing keeps it waiting. */
  starting: () => 'this process is starting',
  /** It was told to end. */
  ending: () => 'this process is ending',
  notAskedYet: (name: string) => `${name} has not been asked yet`,
  silent: (name: string, seconds: number) => `${name} did not answer within ${seconds} s`,
  notAskable: (name: string, fault: string) => `${name} cannot be asked: ${fault}`,
  clockNotAskable: (fault: string) => `the database's clock cannot be asked: ${fault}`,
  clockNotCompared: () => "this machine's clock has not been compared with the database's yet",
  clockOff: (offMs: number | string, mostMs: number) =>
    `this machine's clock is ${offMs} ms off the database's, more than ${mostMs} ms: have both set by NTP`,
} as const;
