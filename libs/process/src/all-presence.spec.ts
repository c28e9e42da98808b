import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../test/support/free-port.mjs';
import { announceAll, isAllAnnounced, type AllPorts } from './all-presence.js';

describe('the presence of tidemark all', () => {
  let ports: AllPorts;
  const signals: AbortController[] = [];

  beforeEach(async () => {
    ports = { api: await freePort(), scheduler: await freePort(), worker: await freePort() };
  });
  afterEach(() => signals.splice(0).forEach((signal) => signal.abort()));

  function announce(): AbortController {
    const ending = new AbortController();
    signals.push(ending);
    announceAll(ports, ending.signal);
    return ending;
  }

  async function until(isAnnounced: boolean): Promise<void> {
    while ((await isAllAnnounced(ports)) !== isAnnounced) await pause(10);
  }

  it('is seen with the same ports, and with no others', async () => {
    announce();
    await until(true);
    expect(await isAllAnnounced({ ...ports, worker: await freePort() })).toBe(false);
  });

  it('ends with the signal', async () => {
    expect(await isAllAnnounced(ports)).toBe(false);
    const ending = announce();
    await until(true);
    ending.abort();
    await until(false);
  });

  it('is taken over by the next with the same ports, which starts before the first has ended', async () => {
    const first = announce();
    await until(true);
    const second = announce();
    first.abort();
    await until(false);
    await until(true);
    second.abort();
    await until(false);
  });

  it('does not begin when the end came first', async () => {
    const ended = new AbortController();
    ended.abort();
    announceAll(ports, ended.signal);
    expect(await isAllAnnounced(ports)).toBe(false);
  });
});
