import http from 'node:http';
import net from 'node:net';
import { freePort } from '../../../test/support/free-port.mjs';
import { openPort, type OpenPort } from './open-port.js';

const HOST = '127.0.0.1';

function listenOn(server: net.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).once('listening', resolve).listen(port, HOST);
  });
}

function close(server: net.Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

describe('a port that is open before there is anything to serve', () => {
  let number: number;
  let port: OpenPort;

  beforeEach(async () => {
    number = await freePort();
    port = await openPort({ host: HOST, port: number, portVariable: 'API_PORT' });
  });
  afterEach(() => port.close());

  async function answerOf(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`http://${HOST}:${number}${path}`);
    return { status: response.status, body: await response.json() };
  }

  async function isFree(): Promise<true> {
    const next = net.createServer();
    await listenOn(next, number);
    await close(next);
    return true;
  }

  it('answers as alive and not ready, with the reason of now', async () => {
    expect(await answerOf('/livez')).toEqual({ status: 200, body: { status: 'ok' } });
    const starting = { status: 503, body: { status: 'waiting', reason: 'this process is starting' } };
    for (const path of ['/readyz', '/health', '/prices?ticker=btc_usd', '/'])
      expect(await answerOf(path)).toEqual(starting);
    port.waitFor('run migrate');
    expect(await answerOf('/readyz')).toEqual({ status: 503, body: { status: 'waiting', reason: 'run migrate' } });
  });

  it('names the variable when it is in use', async () => {
    await expect(openPort({ host: HOST, port: number, portVariable: 'API_PORT' })).rejects.toThrow(
      `API_PORT ${number} is in use: end the process that listens there, or set API_PORT to another port.`,
    );
  });

  it('is free once it is closed, also while somebody holds a connection open', async () => {
    const held = net.connect(number, HOST).on('error', () => undefined);
    await new Promise((resolve) => held.once('connect', resolve));
    await port.close();
    expect(await isFree()).toBe(true);
    held.destroy();
  });

  it('has who connected before the hand-over answered by the server', async () => {
    const server = http.createServer((request, response) => response.end(`served ${request.url}`));
    const early = net.connect(number, HOST);
    await new Promise((resolve) => early.once('connect', resolve));
    await answerOf('/livez');
    port.handOverTo(server);
    await listenOn(server, number);
    early.write('GET /prices HTTP/1.1\r\nhost: x\r\n\r\n');
    let text = '';
    for await (const chunk of early) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[^]*connection: close[^]*served \/prices/i);
    await close(server);
  });

  it('refuses nobody while it is handed over, and is free once the server is closed', async () => {
    const server = http.createServer((_request, response) => response.end('"served"'));
    const statuses = new Set<number>();
    let isOver = false;
    const asking = (async () => {
      // Each with a connection of its own.
      while (!isOver) {
        const answer = await fetch(`http://${HOST}:${number}/`, { headers: { connection: 'close' } });
        statuses.add(answer.status);
        await answer.text();
      }
    })();
    while (!statuses.has(503)) await new Promise((resolve) => setImmediate(resolve));
    port.handOverTo(server);
    await listenOn(server, number);
    while (!statuses.has(200)) await Promise.race([asking, new Promise((resolve) => setImmediate(resolve))]);
    isOver = true;
    await asking;
    await port.close();
    expect(await answerOf('/')).toEqual({ status: 200, body: 'served' });
    const closed = close(server);
    server.closeAllConnections();
    await closed;
    expect(await isFree()).toBe(true);
  });
});
