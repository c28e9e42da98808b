import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import https from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import {
  makeCertificates,
  type Certificate,
  type TestCertificates,
} from '../../../../test/support/test-certificates.js';
import { SourceError } from '../contract/index.js';
import { deribitSource } from '../providers/deribit.source.js';
import { SourceClient, type SourceClientOptions } from './source-client.js';

const TICKERS = [{ ticker: 'btc_usd', sourceSymbol: 'btc_usd' }];
const GOOD = '{"result":{"index_price":64000.5}}';
const ANSWERED = { httpStatus: 200 };
const trusted = tls.getCACertificates('default');

const open = new Set<Socket>();
const clients: SourceClient[] = [];
let certificates: TestCertificates;
/** Real sources: one that calls itself by the names of this machine, one whose name leads nowhere but through a proxy. */
let here: https.Server;
let elsewhere: https.Server;
let proxy: Server;
/** What the proxy was asked: the target, and who asks. */
const connects: string[] = [];
let answerConnect: (request: IncomingMessage, socket: Socket) => void;

beforeAll(async () => {
  certificates = await makeCertificates();
  tls.setDefaultCACertificates([...trusted, readFileSync(certificates.authority, 'utf8')]);
  here = await listening(
    https.createServer(filesOf(certificates.loopback), (_request, response) => response.end(GOOD)),
  );
  elsewhere = await listening(
    https.createServer(filesOf(certificates.elsewhere), (_request, response) => response.end(GOOD)),
  );
  proxy = await startProxy(createServer());
});
afterAll(async () => {
  for (const server of [here, elsewhere, proxy]) server.close();
  tls.setDefaultCACertificates(trusted);
  await certificates.remove();
});
beforeEach(() => {
  connects.splice(0);
  answerConnect = tunnel;
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of open) socket.destroy();
});

function filesOf({ key, certificate }: Certificate): { key: Buffer; cert: Buffer } {
  return { key: readFileSync(key), cert: readFileSync(certificate) };
}

async function listening<S extends Server | https.Server>(server: S): Promise<S> {
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function startProxy<S extends Server | https.Server>(server: S): Promise<S> {
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const [, secret = ''] = (request.headers['proxy-authorization'] ?? '').split(' ');
    connects.push(`${request.url} ${Buffer.from(secret, 'base64').toString()}`.trim());
    socket.on('error', () => undefined);
    answerConnect(request, socket);
  });
  return listening(server);
}

/** Whatever name is asked for leads to one of the servers of this test. */
function tunnel(request: IncomingMessage, socket: Socket): void {
  const target = connect(portOf(request.url?.startsWith('elsewhere') ? elsewhere : here), '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    target.pipe(socket).pipe(target);
  });
  target.on('error', () => socket.destroy());
}

function portOf(server: Server | https.Server): number {
  return (server.address() as AddressInfo).port;
}

function clientFor(baseUrl: string, options: Partial<SourceClientOptions> = {}): SourceClient {
  const httpsProxy = `http://127.0.0.1:${portOf(proxy)}`;
  const client = new SourceClient({ access: { deribit: { baseUrl } }, httpsProxy, now: Date.now, ...options });
  clients.push(client);
  return client;
}

async function ask(client: SourceClient, timeoutMs = 10_000): Promise<unknown> {
  return client.fetch(deribitSource, TICKERS, { timeoutMs }).catch((error: unknown) => error);
}

describe('calls through a proxy', () => {
  it('reach an https source whose name only the proxy knows, and check its certificate', async () => {
    expect(await ask(clientFor('https://elsewhere.example'))).toMatchObject(ANSWERED);
    expect(await ask(clientFor('https://another.example'))).toMatchObject({
      kind: 'unavailable',
      detail: 'connection failed (ERR_TLS_CERT_ALTNAME_INVALID)',
    });
    expect(connects).toEqual(['elsewhere.example:443', 'another.example:443']);
  });

  it('use one tunnel for calls in a row', async () => {
    const client = clientFor('https://elsewhere.example');
    for (let call = 0; call < 3; call += 1) expect(await ask(client)).toMatchObject(ANSWERED);
    expect(connects).toHaveLength(1);
  });

  it('tell the proxy user and password, whatever characters they have', async () => {
    const httpsProxy = `http://us%40er:p%3Aass%25@127.0.0.1:${portOf(proxy)}`;
    expect(await ask(clientFor('https://elsewhere.example', { httpsProxy }))).toMatchObject(ANSWERED);
    expect(connects).toEqual(['elsewhere.example:443 us@er:p:ass%']);
  });

  it('work through a proxy that speaks TLS', async () => {
    const secure = await startProxy(https.createServer(filesOf(certificates.loopback)));
    const httpsProxy = `https://localhost:${portOf(secure)}`;
    expect(await ask(clientFor('https://elsewhere.example', { httpsProxy }))).toMatchObject(ANSWERED);
    expect(connects).toEqual(['elsewhere.example:443']);
    secure.close();
  });

  it.each([
    'HTTP/1.1 403 Forbidden\r\n\r\n',
    'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno',
    'SSH-2.0\r\n\r\n',
    '',
  ])('make the source unavailable when the proxy answers %j, and do not tell the password', async (answer) => {
    answerConnect = (_request, socket) => socket.end(answer);
    const httpsProxy = `http://user:secret@127.0.0.1:${portOf(proxy)}`;
    const error = await ask(clientFor('https://elsewhere.example', { httpsProxy }));
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('secret');
  });

  it('make the source unavailable when nobody listens there', async () => {
    const gone = await listening(createServer());
    const httpsProxy = `http://127.0.0.1:${portOf(gone)}`;
    gone.close();
    expect(await ask(clientFor('https://elsewhere.example', { httpsProxy }))).toMatchObject({
      kind: 'unavailable',
      detail: 'connection failed (ECONNREFUSED)',
    });
  });

  it('end in time when the proxy says nothing, and when nothing comes out of the tunnel', async () => {
    for (const silence of ['', 'HTTP/1.1 200 OK\r\n\r\n']) {
      answerConnect = (_request, socket) => void socket.write(silence);
      expect(await ask(clientFor('https://elsewhere.example'), 300)).toMatchObject({ kind: 'timeout' });
    }
    expect(connects).toHaveLength(2);
  });
});

describe('NO_PROXY', () => {
  const direct: readonly (readonly [host: string, noProxy: (port: number) => string])[] = [
    ['127.0.0.1', () => '127.0.0.1'],
    ['127.0.0.1', (port) => `127.0.0.1:${port}`],
    ['localhost', () => 'LOCALHOST'],
    ['localhost', (port) => `other.example, localhost:${port}`],
    ['localhost', () => 'other.example localhost'],
    ['localhost', () => '*'],
  ];
  it.each(direct)('lets %s be called directly (case %#)', async (host, noProxy) => {
    const port = portOf(here);
    expect(await ask(clientFor(`https://${host}:${port}`, { noProxy: noProxy(port) }))).toMatchObject(ANSWERED);
    expect(connects).toEqual([]);
  });

  it.each(['127.0.0.2', '127.0.0.1:1', 'localhost'])('%s leaves 127.0.0.1 to the proxy', async (noProxy) => {
    const port = portOf(here);
    expect(await ask(clientFor(`https://127.0.0.1:${port}`, { noProxy }))).toMatchObject(ANSWERED);
    expect(connects).toEqual([`127.0.0.1:${port}`]);
  });

  it.each(['::1', '[::1]', '[::1]:1'])('knows an address of version 6 written %s', async (noProxy) => {
    // Nothing listens there: the proxy would be asked, or nobody is.
    expect(await ask(clientFor('https://[::1]:1', { noProxy }))).toMatchObject({ kind: 'unavailable' });
    expect(connects).toEqual([]);
  });

  it.each(['example', '.example', '*.example', 'elsewhere.example:443', '.elsewhere.example'])(
    'lets names below %s be called directly',
    async (noProxy) => {
      expect(await ask(clientFor('https://elsewhere.example', { noProxy }))).toMatchObject({ kind: 'unavailable' });
      expect(connects).toEqual([]);
    },
  );

  it.each(['where.example', '.where.example', '*.where.example', 'elsewhere', 'elsewhere.example:8443'])(
    'leaves a name to the proxy that only looks like %s',
    async (noProxy) => {
      expect(await ask(clientFor('https://elsewhere.example', { noProxy }))).toMatchObject(ANSWERED);
      expect(connects).toHaveLength(1);
    },
  );
});
