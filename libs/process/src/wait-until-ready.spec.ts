import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { freePort } from '../../../test/support/free-port.mjs';
import { createLogger, type Logger } from '@app/observability';
import { waitUntilReady } from './wait-until-ready.js';

const HOST = '127.0.0.1';

async function listen(): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return server;
}

function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port;
}

function close(server: net.Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

/** A check that waits for the test: it answers what the test has put there last. */
function controlledCheck(first: string | undefined) {
  const state: { reason: string | undefined; fault: Error | undefined; asked: number } = {
    reason: first,
    fault: undefined,
    asked: 0,
  };
  const check = async (): Promise<string | undefined> => {
    state.asked += 1;
    if (state.fault !== undefined) throw state.fault;
    return state.reason;
  };
  return { state, check };
}

async function answersOf(port: number, path: string): Promise<{ status: number; body: unknown }> {
  for (;;) {
    try {
      const response = await fetch(`http://${HOST}:${port}${path}`);
      return { status: response.status, body: await response.json() };
    } catch {
      // Not listening yet: the test's own time limit bounds this.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('waiting until a process may begin', () => {
  const logger: Logger = createLogger({ name: 'test', level: 'silent' });

  function wait(port: number, check: () => Promise<string | undefined>): Promise<void> {
    return waitUntilReady({ logger, host: HOST, port, portVariable: 'API_PORT', check });
  }

  test('begins at once, without opening its port, when nothing is in the way', async () => {
    const taken = await listen();
    await wait(portOf(taken), async () => undefined);
    await close(taken);
  });

  test('answers as alive and not ready with the reason of now, and then frees the port', async () => {
    const port = await freePort();
    const { state, check } = controlledCheck('the database cannot be reached');
    const waiting = wait(port, check);
    expect(await answersOf(port, '/livez')).toEqual({ status: 200, body: { status: 'ok' } });
    for (const path of ['/readyz', '/health', '/prices?ticker=btc_usd', '/']) {
      expect(await answersOf(port, path)).toEqual({
        status: 503,
        body: { status: 'waiting', reason: 'the database cannot be reached' },
      });
    }
    state.reason = 'run migrate';
    const asked = state.asked;
    while (state.asked < asked + 2) await answersOf(port, '/livez');
    expect(await answersOf(port, '/readyz')).toMatchObject({ status: 503, body: { reason: 'run migrate' } });
    state.reason = undefined;
    await waiting;
    const next = net.createServer();
    await new Promise<void>((resolve, reject) => next.once('error', reject).listen(port, HOST, resolve));
    await close(next);
  });

  test('frees the port also while somebody holds a connection open', async () => {
    const port = await freePort();
    const { state, check } = controlledCheck('not yet');
    const waiting = wait(port, check);
    await answersOf(port, '/livez');
    const agent = new http.Agent({ keepAlive: true });
    const held = net.connect(port, HOST);
    held.on('error', () => undefined);
    await new Promise((resolve) => held.once('connect', resolve));
    state.reason = undefined;
    await waiting;
    held.destroy();
    agent.destroy();
  });

  test('ends with what the check throws, the first time and later, and frees the port', async () => {
    const port = await freePort();
    const first = controlledCheck(undefined);
    first.state.fault = new Error('a database of the other mode');
    await expect(wait(port, first.check)).rejects.toThrow('a database of the other mode');
    const later = controlledCheck('not yet');
    const waiting = wait(port, later.check);
    await answersOf(port, '/livez');
    later.state.fault = new Error('a database of the other mode');
    await expect(waiting).rejects.toThrow('a database of the other mode');
    const next = net.createServer();
    await new Promise<void>((resolve, reject) => next.once('error', reject).listen(port, HOST, resolve));
    await close(next);
  });

  test('names the variable when the port is taken', async () => {
    const taken = await listen();
    await expect(wait(portOf(taken), async () => 'not yet')).rejects.toThrow(
      `API_PORT ${portOf(taken)} is in use: end the process that listens there, or set API_PORT to another port.`,
    );
    await close(taken);
  });
});
