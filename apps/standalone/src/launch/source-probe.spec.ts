import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { sourceByName } from '@app/sources';
import { probeSources } from './source-probe.js';

const servers: Server[] = [];

async function serve(status: number, body: string): Promise<string> {
  const server = createServer((_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(body),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function probe(url: string, limitMs = 4_000): Promise<string[]> {
  const deribit = sourceByName('deribit');
  if (deribit === undefined) throw new Error('no deribit');
  const rest = { httpsProxy: undefined, noProxy: undefined, limitMs, now: Date.now };
  const found = await probeSources({ sources: [deribit], access: { deribit: { baseUrl: url } }, ...rest });
  expect(found.map(({ source }) => source)).toEqual(found.map(() => 'deribit'));
  return found.map(({ sentence }) => sentence);
}

describe('the probe of the sources', () => {
  it('says nothing of a source that answers', async () => {
    const body = { jsonrpc: '2.0', result: { index_price: 87_123.45, estimated_delivery_price: 87_123.45 } };
    expect(await probe(await serve(200, JSON.stringify(body)))).toEqual([]);
  });

  it.each([
    ['refuses', async () => serve(503, 'busy')],
    ['is not there', async () => 'http://127.0.0.1:1'],
    ['answers with something else', async () => serve(200, '<html>please log in</html>')],
  ])('names a source that %s, and hints at the demo', async (_, address) => {
    const faults = await probe(await address());
    expect(faults).toEqual([expect.stringMatching(/^deribit cannot be reached \(.*`make demo` needs no network\.$/)]);
  });

  it('names a source that takes the call and never answers, when the time is over', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await probe(`http://127.0.0.1:${port}`, 100)).toEqual([
      expect.stringMatching(/^deribit cannot be reached \(timeout: .*no answer in 100 ms/),
    ]);
    await new Promise((resolve) => server.close(resolve));
  });
});
