import { describeFault } from '@app/observability';
import { isLasting } from '@app/process';

/** Thrown before anything is started; the message has every fault in full, each with its cure. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(faults: readonly string[]) {
    super(['Nothing was started, since this has to be mended first:', ...faults].join('\n'));
  }
}

/** Thrown when a process has ended and says that no new start would mend that; the message has its own words. */
export class LastingEndError extends Error {
  override readonly name = 'LastingEndError';
  readonly exitStatus = 2;

  /** @param words what it said, or where that is. */
  constructor(process: string, words: readonly string[]) {
    super([`${process} cannot run, and no new start would mend that:`, ...words].join('\n'));
  }
}

/**
 * What a check finds that no new start mends.
 * @throws any other error of the check.
 */
export async function lastingFaults(check: () => unknown): Promise<string[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (isLasting(error)) return [describeFault(error)];
    throw error;
  }
}
