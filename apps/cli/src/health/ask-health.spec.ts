import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../../../../test/support/free-port.mjs';
import { askPort, readyAmong, whyUnhealthy, type PortHealth } from './ask-health.js';

describe('the health of a container', () => {
  let server: Server;
  let answer: { status: number; body: string };
  let port: number;

  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['{"status":"unready","reasons":["the clock is off","Redis is away"]}', 'the clock is off; Redis is away'],
    ['{"status":"waiting","reason":"no schema yet"}', 'no schema yet'],
    ['{"title":"Unavailable","detail":"Not ready: no schema yet."}', 'Not ready: no schema yet.'],
    ['away', 'away'],
    ['null', 'null'],
  ])('reads the reason of %s', async (body, reason) => {
    answer = { status: 503, body };
    expect(await askPort(port)).toEqual({ state: 'not ready', reason });
  });

  it('takes 200 for ready, and nobody for nobody', async () => {
    answer = { status: 200, body: '{"status":"ok"}' };
    expect(await askPort(port)).toEqual({ state: 'ready' });
    expect(await askPort(await freePort())).toEqual({ state: 'not listening' });
  });

  const ready = { state: 'ready' } as const;
  const silent = { state: 'not listening' } as const;

  it('is well when whoever listens is ready', () => {
    expect(
      whyUnhealthy(
        new Map<number, PortHealth>([
          [8000, silent],
          [8002, ready],
        ]),
      ),
    ).toBeUndefined();
  });

  it('names those that are ready', () => {
    const ports = new Map<number, PortHealth>([
      [8000, ready],
      [8001, silent],
      [8002, ready],
    ]);
    expect(readyAmong(ports, { api: 8000, scheduler: 8001, worker: 8002 })).toBe('api (8000), worker (8002)');
  });

  it('is not when a process that is expected does not listen, and names it', () => {
    const ports = new Map<number, PortHealth>([
      [8000, ready],
      [8001, silent],
      [8002, { state: 'not ready', reason: 'no schema yet' }],
      [8003, silent],
    ]);
    expect(whyUnhealthy(ports, { api: 8000, scheduler: 8001, worker: 8002 })).toBe(
      'the scheduler is missing: nothing listens on port 8001\nport 8002: no schema yet',
    );
  });

  it('is not when one is not, or when nobody listens', () => {
    const unready = { state: 'not ready', reason: 'no schema yet' } as const;
    expect(
      whyUnhealthy(
        new Map<number, PortHealth>([
          [8000, ready],
          [8002, unready],
        ]),
      ),
    ).toBe('port 8002: no schema yet');
    expect(
      whyUnhealthy(
        new Map<number, PortHealth>([
          [8000, silent],
          [8001, silent],
        ]),
      ),
    ).toMatch(/^nothing listens on 8000, 8001; where processes have other ports, set API_PORT,/);
  });
});
