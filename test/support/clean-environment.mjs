// The environment of every test file. When its tests have ended, nothing that the file started may still be there: a server, a
// connection, a child process, a timer. What is left open works on behind the next file's back and keeps Jest's process from ending.
import { setTimeout as elapse } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What is closing gets this long: a worker of BullMQ whose connection broke waits for 5 s, also after it was closed. */
const CLOSING_WITHIN_MS = 8_000;
const LOOK_EVERY_MS = 20;

// A process of Jest ends when nothing is open in it. Freeing what hundreds of files have loaded then takes a busy machine longer than the
// half second after which Jest kills the process and calls it a leak; the system frees it in no time.
if (process.send !== undefined) process.once('exit', () => process.exit());

/** Fails the file that leaves something open, and names it. */
export default class CleanEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.handlesBefore = new Set(process._getActiveHandles());
    this.timersBefore = timerCount();
  }

  /** After the last test and its hooks: as a fault of the file, so that what its tests say is reported too. */
  async handleTestEvent({ name }, state) {
    if (name !== 'run_finish') return;
    const left = await this.untilClosed();
    if (left.length === 0) return;
    const cure =
      'Close it in afterEach or afterAll and wait for its end. `jest -i --detectOpenHandles` with this file tells who opened it.';
    state.unhandledErrors.push(new Error(`This file left open: ${left.join(', ')}. ${cure}`));
  }

  async untilClosed() {
    const deadlineMs = performance.now() + CLOSING_WITHIN_MS;
    for (;;) {
      const left = this.open();
      if (left.length === 0 || performance.now() > deadlineMs) return left;
      await elapse(LOOK_EVERY_MS);
    }
  }

  /** What is open now and was not when the file began, in words. */
  open() {
    const handles = process
      ._getActiveHandles()
      .filter((handle) => !this.handlesBefore.has(handle) && !isStandardStream(handle));
    const timers = timerCount() - this.timersBefore;
    return [...handles.map(describe), ...(timers > 0 ? [`${timers} timers`] : [])];
  }
}

/** A process makes these when they are first used, and keeps them. */
function isStandardStream(handle) {
  return [0, 1, 2].includes(handle.fd);
}

function timerCount() {
  return process.getActiveResourcesInfo().filter((type) => type === 'Timeout' || type === 'Immediate').length;
}

function describe(handle) {
  const kind = handle.constructor?.name ?? typeof handle;
  if (kind === 'ChildProcess') return `the process "${handle.spawnargs?.join(' ')}"`;
  if (kind === 'Server') return `a server on ${JSON.stringify(handle.address?.())}`;
  if (kind === 'Socket' || kind === 'TLSSocket')
    return `a connection from port ${handle.localPort} to ${handle.remoteAddress}:${handle.remotePort}`;
  return `a ${kind}`;
}
