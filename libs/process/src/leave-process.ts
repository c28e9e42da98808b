/**
 * What a thread may have in hand that nobody can call off. The look-up of a name takes 10 s when its server says nothing, which
 * is so in containers whose network goes away together with the stores; a file can be on a disk that does not answer.
 */
const HELD_BY_A_THREAD: ReadonlySet<string> = new Set([
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
  'FSReqCallback',
  'FSReqPromise',
]);

/**
 * Ends this process at once. `process.exit` first waits for the threads of the pool, however long they take: with work in their
 * hands the process turns into one that has none and ends with the same status. As the first process of a container it could
 * not even kill itself.
 */
export function leaveProcess(status: number): never {
  if (process.getActiveResourcesInfo().some((resource) => HELD_BY_A_THREAD.has(resource))) {
    // Absent on Windows.
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${status})`], {});
  }
  process.exit(status);
}
