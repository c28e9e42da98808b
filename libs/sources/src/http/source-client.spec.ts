import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SourceError } from '../contract/index.js';
import type { Source } from '../contract/index.js';
import { type AnswerServer, plainAnswer, startAnswerServer } from '../testing/answer-server.contract.js';
import { deribitSource } from '../providers/deribit.source.js';
import { SourceClient, type SourceClientOptions } from './source-client.js';

const TICKERS = [{ ticker: 'btc_usd', sourceSymbol: 'btc_usd' }];
const GOOD = '{"result":{"index_price":64000.5}}';

describe('SourceClient', () => {
  let server: AnswerServer;
  const clients: SourceClient[] = [];

  beforeEach(async () => {
    server = await startAnswerServer();
    server.answerWith(plainAnswer(200, GOOD));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
  });

  function clientWith(options: Partial<SourceClientOptions> = {}): SourceClient {
    const client = new SourceClient({ access: { deribit: { baseUrl: server.url } }, now: Date.now, ...options });
    clients.push(client);
    return client;
  }
  async function failure(client: SourceClient, options = {}, source: Source = deribitSource): Promise<SourceError> {
    const outcome: unknown = await client
      .fetch(source, TICKERS, { timeoutMs: 10_000, ...options })
      .catch((error: unknown) => error);
    if (outcome instanceof SourceError) return outcome;
    throw new Error('Expected a SourceError.', { cause: outcome });
  }

  it('takes the times of a call from the clock that it is given', async () => {
    const times = [1000, 1412];
    const client = clientWith({ now: () => times.shift() ?? 9999 });
    const answer = await client.fetch(deribitSource, TICKERS, { timeoutMs: 10_000 });
    expect([answer.requestedAt.getTime(), answer.receivedAt.getTime()]).toEqual([1000, 1412]);
    expect(answer.latencyMs).toBeGreaterThanOrEqual(0);
  });

  it('says who asks', async () => {
    await clientWith({ version: '1.2.3' }).fetch(deribitSource, TICKERS, { timeoutMs: 10_000 });
    await clientWith().fetch(deribitSource, TICKERS, { timeoutMs: 10_000 });
    expect(server.userAgents).toEqual(['tidemark/1.2.3', 'tidemark']);
  });

  it('keeps the path of a base URL, with or without a slash at its end', async () => {
    for (const url of [`${server.url}/api/v2`, `${server.url}/api/v2/`]) {
      await clientWith({ access: { deribit: { baseUrl: url } } }).fetch(deribitSource, TICKERS, { timeoutMs: 10_000 });
    }
    const request = 'GET /api/v2/public/get_index_price?index_name=btc_usd';
    expect(server.requests).toEqual([request, request]);
  });

  it('uses one connection for calls in a row', async () => {
    const client = clientWith();
    for (let call = 0; call < 3; call += 1) await client.fetch(deribitSource, TICKERS, { timeoutMs: 10_000 });
    expect(server.connectionCount()).toBe(1);
  });

  it('opens no more than 16 connections to one host', async () => {
    const client = clientWith();
    await Promise.all(Array.from({ length: 40 }, () => client.fetch(deribitSource, TICKERS, { timeoutMs: 10_000 })));
    expect(server.requests).toHaveLength(40);
    expect(server.connectionCount()).toBeLessThanOrEqual(16);
  });

  it('makes exactly one call, however it ends', async () => {
    server.answerWith(plainAnswer(503, '', { 'retry-after': '0' }));
    expect(await failure(clientWith())).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 0 });
    server.answerWith((request) => void request.socket.destroy());
    expect(await failure(clientWith())).toMatchObject({ kind: 'unavailable' });
    expect(server.requests).toHaveLength(2);
  });

  it('makes no call when no time is left, when it is given up before, and for a batch of the wrong size', async () => {
    const client = clientWith();
    for (const timeoutMs of [0, -5, NaN])
      expect(await failure(client, { timeoutMs })).toMatchObject({ kind: 'timeout' });
    expect(await failure(client, { signal: AbortSignal.abort() })).toMatchObject({ kind: 'unavailable' });
    await expect(client.fetch(deribitSource, [], { timeoutMs: 1000 })).rejects.toMatchObject({ kind: 'drift' });
    await expect(client.fetch(deribitSource, [...TICKERS, ...TICKERS], { timeoutMs: 1000 })).rejects.toMatchObject({
      kind: 'drift',
    });
    expect(server.requests).toEqual([]);
  });

  it('gives a call up when the caller does', async () => {
    const caller = new AbortController();
    server.answerWith(() => caller.abort());
    expect(await failure(clientWith(), { signal: caller.signal })).toMatchObject({
      kind: 'unavailable',
      detail: 'given up by the caller',
    });
  });

  it('fails the calls that are under way when it is closed', async () => {
    const client = clientWith();
    server.answerWith(() => client.close());
    expect(await failure(client)).toMatchObject({ kind: 'unavailable' });
  });

  it.each(['endpointFor', 'explain'] as const)('turns a fault of its own in %s into a SourceError', async (part) => {
    const stumble = (): never => {
      throw new TypeError('undefined is not a function');
    };
    server.answerWith(plainAnswer(part === 'explain' ? 400 : 200, GOOD));
    const error = await failure(clientWith(), {}, { ...deribitSource, [part]: stumble });
    expect(error).toMatchObject({ kind: 'drift', cause: expect.any(TypeError) as TypeError });
  });

  it('names a name that cannot be resolved', async () => {
    const client = clientWith({ access: { deribit: { baseUrl: 'http://name.invalid' } } });
    expect(await failure(client)).toMatchObject({ kind: 'unavailable', source: 'deribit' });
  });

  it('refuses settings that are no addresses, and does not repeat them', () => {
    const wrong: Partial<SourceClientOptions>[] = [
      { access: { deribit: { baseUrl: 'secret.example' } } },
      { access: { deribit: { baseUrl: 'file:///secret' } } },
      { httpsProxy: 'socks5://user:secret@proxy:1080' },
      { httpsProxy: 'secret' },
    ];
    for (const options of wrong) {
      expect(() => clientWith(options)).toThrow(/http:\/\/ or https:\/\//);
      expect(() => clientWith(options)).not.toThrow(/secret/);
    }
  });
});

describe('SourceClient behind a proxy', () => {
  const connects: string[] = [];
  const proxy = createServer();
  let proxyUrl = '';

  beforeAll(async () => {
    proxy.on('connect', (request, socket: Socket) => {
      connects.push(`${request.url} ${request.headers['proxy-authorization']}`);
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    proxyUrl = `http://user:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.close();
    await once(proxy, 'close');
  });
  beforeEach(() => void connects.splice(0));

  async function askThroughProxy(baseUrl: string, noProxy?: string): Promise<unknown> {
    const client = new SourceClient({
      access: { deribit: { baseUrl: baseUrl } },
      httpsProxy: proxyUrl,
      noProxy,
      now: Date.now,
    });
    const outcome = await client.fetch(deribitSource, TICKERS, { timeoutMs: 10_000 }).catch((error: unknown) => error);
    client.close();
    return outcome;
  }

  it('asks the proxy for a tunnel to an https source, and does not tell its password', async () => {
    const error = await askThroughProxy('https://deribit.invalid/api');
    expect(connects).toEqual([`deribit.invalid:443 Basic ${Buffer.from('user:secret').toString('base64')}`]);
    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('secret');
  });

  it('reaches a plain http source without it', async () => {
    const server = await startAnswerServer();
    server.answerWith(plainAnswer(200, GOOD));
    expect(await askThroughProxy(server.url)).toMatchObject({ httpStatus: 200 });
    expect(connects).toEqual([]);
    await server.close();
  });

  it.each(['*', 'deribit.invalid', '.invalid', 'other, invalid', 'deribit.invalid:443', '*.invalid'])(
    'leaves it out for hosts in NO_PROXY=%s',
    async (noProxy) => {
      expect(await askThroughProxy('https://deribit.invalid', noProxy)).toMatchObject({ kind: 'unavailable' });
      expect(connects).toEqual([]);
    },
  );

  it.each(['', 'valid', 'bit.invalid', 'deribit.invalid:8443'])('uses it in spite of NO_PROXY=%s', async (noProxy) => {
    await askThroughProxy('https://deribit.invalid', noProxy);
    expect(connects).toHaveLength(1);
  });
});
