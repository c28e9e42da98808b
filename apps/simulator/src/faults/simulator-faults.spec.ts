import { jest } from '@jest/globals';
import { get, type IncomingMessage } from 'node:http';
import { createSimulator, type Simulator } from '../simulator.js';

let simulator: Simulator;
let address: string;

beforeAll(async () => {
  simulator = await createSimulator({ seed: 'spec' });
  address = await simulator.listen(0);
});

afterAll(() => simulator.close());

afterEach(() => fetch(`${address}/simulator/faults`, { method: 'DELETE' }));

const DERIBIT = '/deribit/api/v2/public/get_index_price?index_name=btc_usd';
const DERIBIT_ETH = '/deribit/api/v2/public/get_index_price?index_name=eth_usd';
const COINGECKO = '/coingecko/api/v3/simple/price?ids=bitcoin,ethereum&vs_currencies=usd&precision=full';

async function startFault(fault: object): Promise<{ id: number }> {
  const response = await fetch(`${address}/simulator/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ seconds: 60, ...fault }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: number };
}

async function endFault(id: number): Promise<void> {
  expect((await fetch(`${address}/simulator/faults/${id}`, { method: 'DELETE' })).status).toBe(200);
}

async function lastCall(): Promise<Record<string, unknown>> {
  const page = (await (await fetch(`${address}/simulator/calls?limit=10000`)).json()) as {
    calls: Record<string, unknown>[];
  };
  return page.calls.at(-1) ?? {};
}

/** Waits until a call has met a fault: then it is inside, not on its way. */
async function untilMet(id: number): Promise<void> {
  for (;;) {
    const met = simulator.faults.list().find((fault) => fault.id === id);
    if (met === undefined || met.calls > 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a fault of kind status', () => {
  it.each([
    [DERIBIT, 400, '"code":-32602'],
    [DERIBIT, 401, '"code":13009'],
    [DERIBIT, 403, '"code":13009'],
    [DERIBIT, 404, '"code":-32601'],
    [DERIBIT, 429, '"code":10028'],
    [DERIBIT, 200, '"code":10028'],
    [DERIBIT, 500, '<title>500 Internal Server Error</title>'],
    [DERIBIT, 503, '<title>503 Service Temporarily Unavailable</title>'],
    [COINGECKO, 400, '{"error":"Bad Request"}'],
    [COINGECKO, 401, '"error_code":10002'],
    [COINGECKO, 403, 'error code: 1020'],
    [COINGECKO, 404, '{"error":"coin not found"}'],
    [COINGECKO, 422, '{"error":"Missing parameter ids"}'],
    [COINGECKO, 429, '{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit.'],
    [COINGECKO, 200, '{"status":{"error_code":429,'],
    [COINGECKO, 500, '{"status":500,"error":"Internal Server Error"}'],
    [COINGECKO, 503, '<h1>Error 503: Service Unavailable</h1>'],
  ])('answers %s with %i and the body that the source has for it', async (path, status, body) => {
    await startFault({ kind: 'status', status });
    const response = await fetch(address + path);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(body);
    expect(await lastCall()).toMatchObject({ status, prices: null, fault: 'status' });
  });

  it('sends Retry-After, as seconds or as a date, and a body of its own', async () => {
    await startFault({ kind: 'status', status: 429, retry_after: 119, source: 'coingecko' });
    expect((await fetch(address + COINGECKO)).headers.get('retry-after')).toBe('119');
    await startFault({
      kind: 'status',
      status: 429,
      retry_after: 'Fri, 20 Nov 2026 00:00:00 GMT',
      body: 'error code: 1015',
    });
    const response = await fetch(address + COINGECKO);
    expect(response.headers.get('retry-after')).toBe('Fri, 20 Nov 2026 00:00:00 GMT');
    expect(await response.text()).toBe('error code: 1015');
  });
});

describe('a fault of another kind', () => {
  it('delay: answers rightly once the time is over, with the price of the second of the call', async () => {
    await startFault({ kind: 'delay', delay_ms: 1 });
    const response = await fetch(address + DERIBIT);
    expect(response.status).toBe(200);
    const call = await lastCall();
    const price = simulator.prices.priceText('deribit', 'btc_usd', Number(call['second']));
    expect(await response.text()).toContain(`"index_price":${price}}`);
    expect(call).toMatchObject({ status: 200, prices: { btc_usd: price }, fault: 'delay' });
  });

  it('delay: answers at once when the fault ends', async () => {
    const { id } = await startFault({ kind: 'delay', delay_ms: 86_400_000 });
    const answer = fetch(address + DERIBIT);
    await untilMet(id);
    expect(await lastCall()).toMatchObject({ status: null, prices: null, fault: 'delay' });
    await endFault(id);
    expect((await answer).status).toBe(200);
  });

  it('hang: never answers, and cuts the connection when the fault ends', async () => {
    const { id } = await startFault({ kind: 'hang' });
    const outcome = outcomeOf(fetch(address + DERIBIT));
    await untilMet(id);
    expect(await lastCall()).toMatchObject({ status: null, prices: null, fault: 'hang' });
    await endFault(id);
    expect(await outcome).toBe('TypeError: fetch failed');
  });

  it('hang: leaves nothing behind when the client goes away', async () => {
    const { id } = await startFault({ kind: 'hang' });
    const ended = simulator.faults.list().find((fault) => fault.id === id)?.ended;
    if (ended === undefined) throw new Error('the fault is not active');
    const removed = new Promise((resolve) => {
      const remove = ended.removeEventListener.bind(ended);
      jest.spyOn(ended, 'removeEventListener').mockImplementation((...listener: Parameters<typeof remove>) => {
        remove(...listener);
        resolve('removed');
      });
    });
    const leaving = new AbortController();
    const outcome = outcomeOf(fetch(address + DERIBIT, { signal: leaving.signal }));
    await untilMet(id);
    leaving.abort();
    expect(await outcome).toContain('AbortError');
    expect(await removed).toBe('removed');
  });

  it('hang: ends by itself', async () => {
    // Long enough for a call to meet it on a busy machine.
    await startFault({ kind: 'hang', seconds: 2 });
    expect(await outcomeOf(fetch(address + DERIBIT))).toBe('TypeError: fetch failed');
    expect(await (await fetch(`${address}/simulator/faults`)).json()).toEqual({ faults: [] });
    expect((await fetch(address + DERIBIT)).status).toBe(200);
  });

  it('slow_body: sends the head at once and the body byte by byte, all of it', async () => {
    await startFault({ kind: 'slow_body', delay_ms: 0 });
    const response = await request(DERIBIT);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(chunks.length).toBeGreaterThan(10);
    const body = Buffer.concat(chunks).toString();
    expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0' });
    expect(await lastCall()).toMatchObject({ status: 200, fault: 'slow_body' });
  });

  it('slow_body: sends the rest at once when the fault ends', async () => {
    const { id } = await startFault({ kind: 'slow_body', delay_ms: 86_400_000 });
    const response = await request(DERIBIT);
    expect(response.statusCode).toBe(200);
    await endFault(id);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ jsonrpc: '2.0' });
  });

  it('truncated: announces more than it sends and cuts the connection', async () => {
    await startFault({ kind: 'truncated' });
    const response = await request(DERIBIT);
    let received = 0;
    response.on('data', (chunk: Buffer) => (received += chunk.length));
    response.on('error', () => undefined);
    await new Promise((resolve) => response.once('close', resolve));
    expect(response.complete).toBe(false);
    expect(received).toBe(Math.floor(Number(response.headers['content-length']) / 2));
    expect(await lastCall()).toMatchObject({ status: 200, fault: 'truncated' });
  });

  it('wrong_body: answers 200 with a page of HTML, or with the given body', async () => {
    await startFault({ kind: 'wrong_body' });
    const page = await fetch(address + COINGECKO);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('<!DOCTYPE html>');
    await startFault({ kind: 'wrong_body', body: '{"bitcoin":{"usd":"soon"}}' });
    const given = await fetch(address + COINGECKO);
    expect(given.headers.get('content-type')).toBe('application/json');
    expect(await given.text()).toBe('{"bitcoin":{"usd":"soon"}}');
    expect(await lastCall()).toMatchObject({ status: 200, prices: null, fault: 'wrong_body' });
    await startFault({ kind: 'wrong_body', body: '' });
    expect(await (await fetch(address + COINGECKO)).text()).toBe('');
  });
});

describe('faults together', () => {
  it('strike only their source and name; a batch is struck by one of its names', async () => {
    await startFault({ kind: 'status', status: 500, source: 'deribit', ticker: 'btc_usd' });
    await startFault({ kind: 'status', status: 502, source: 'coingecko', ticker: 'ethereum' });
    expect((await fetch(address + DERIBIT)).status).toBe(500);
    expect((await fetch(address + DERIBIT_ETH)).status).toBe(200);
    expect((await fetch(address + COINGECKO)).status).toBe(502);
    const other = COINGECKO.replace(',ethereum', '');
    expect((await fetch(address + other)).status).toBe(200);
  });

  it('of which the newest decides, after every delay', async () => {
    await startFault({ kind: 'status', status: 500 });
    const { id } = await startFault({ kind: 'status', status: 503 });
    await startFault({ kind: 'delay', delay_ms: 1 });
    expect((await fetch(address + DERIBIT)).status).toBe(503);
    await endFault(id);
    expect((await fetch(address + DERIBIT)).status).toBe(500);
  });

  it('are listed with what they met, and end by hand one by one or all at once', async () => {
    const { id } = await startFault({ kind: 'status', status: 500, source: 'deribit' });
    await startFault({ kind: 'hang', source: 'coingecko', ticker: 'bitcoin' });
    await fetch(address + DERIBIT);
    const list = async () =>
      ((await (await fetch(`${address}/simulator/faults`)).json()) as { faults: object[] }).faults;
    expect(await list()).toMatchObject([
      { id, kind: 'status', status: 500, source: 'deribit', seconds: 60, calls: 1, ends_at: expect.any(Number) },
      { kind: 'hang', ticker: 'bitcoin', calls: 0 },
    ]);
    await endFault(id);
    expect(await list()).toHaveLength(1);
    expect((await fetch(`${address}/simulator/faults/${id}`, { method: 'DELETE' })).status).toBe(404);
    await fetch(`${address}/simulator/faults`, { method: 'DELETE' });
    expect(await list()).toEqual([]);
  });

  it.each([
    ['{"kind":"explode","seconds":1}', 'kind'],
    ['{"seconds":1}', 'kind'],
    ['{"kind":"hang"}', 'seconds'],
    ['{"kind":"hang","seconds":0}', 'seconds'],
    ['{"kind":"hang","seconds":86401}', 'seconds'],
    ['{"kind":"hang","seconds":"9"}', 'seconds'],
    ['{"kind":"hang","seconds":1,"source":"gemini"}', 'source'],
    ['{"kind":"hang","seconds":1,"ticker":""}', 'ticker'],
    ['{"kind":"hang","seconds":1,"probability":1.1}', 'probability'],
    ['{"kind":"hang","seconds":1,"delay_ms":5}', 'delay_ms'],
    ['{"kind":"delay","seconds":1}', 'delay_ms'],
    ['{"kind":"delay","seconds":1,"delay_ms":-1}', 'delay_ms'],
    ['{"kind":"status","seconds":1}', 'status'],
    ['{"kind":"status","seconds":1,"status":199}', 'status'],
    ['{"kind":"status","seconds":1,"status":429,"retry_after":-1}', 'retry_after'],
    ['{"kind":"wrong_body","seconds":1,"body":7}', 'body'],
  ])('are refused as %s, naming %s', async (body, field) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    const { errors, detail } = (await response.json()) as { errors: { field: string }[]; detail: string };
    expect(errors.map((error) => error.field)).toEqual([field]);
    expect(detail).toContain(`${field}: `);
  });

  it('are refused as a body that is no JSON, or when their id is no number', async () => {
    expect((await post('[')).status).toBe(400);
    const response = await fetch(`${address}/simulator/faults/first`, { method: 'DELETE' });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { detail: string }).detail).toBe('id: must be the number of a fault');
  });
});

describe('closing', () => {
  it('cuts hanging and dripping calls and ends', async () => {
    const other = await createSimulator({ seed: 'spec' });
    const base = await other.listen(0);
    other.faults.start({ kind: 'hang', seconds: 3_600, source: 'deribit' });
    other.faults.start({ kind: 'delay', delay_ms: 86_400_000, seconds: 3_600, source: 'coingecko' });
    const outcomes = [DERIBIT, COINGECKO].map((path) => outcomeOf(fetch(base + path)));
    while (other.log.totals().calls < 2) await new Promise((resolve) => setImmediate(resolve));
    await other.close();
    expect(await outcomes[0]).toBe('TypeError: fetch failed');
    // The end of a delay lets its call go: it was answered in time, or cut with the others.
    expect(['200', 'TypeError: fetch failed']).toContain(await outcomes[1]);
    expect(other.faults.list()).toEqual([]);
    await expect(fetch(base + DERIBIT)).rejects.toThrow();
  });
});

/** How a call ended, in words: the errors of fetch belong to another realm than the test and fit no class here. */
function outcomeOf(call: Promise<Response>): Promise<string> {
  return call.then((response) => String(response.status), String);
}

function request(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(address + path, resolve).on('error', reject);
  });
}

function post(body: string): Promise<Response> {
  return fetch(`${address}/simulator/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
}
