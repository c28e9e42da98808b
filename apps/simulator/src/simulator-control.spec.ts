import { createSimulator, type Simulator } from './simulator.js';

const SECOND = 1_766_000_000;

const NOW_MS = SECOND * 1000 + 250;
let simulator: Simulator;
let address: string;

beforeAll(async () => {
  simulator = await createSimulator({ seed: 'spec', now: () => NOW_MS });
  address = await simulator.listen(0);
});

afterAll(() => simulator.close());

const deribit = (path: string): Promise<Response> => fetch(`${address}/deribit/api/v2${path}`);
const coingecko = (query: string): Promise<Response> => fetch(`${address}/coingecko/api/v3/simple/price${query}`);
const control = (path: string, body?: unknown): Promise<Response> =>
  body === undefined
    ? fetch(`${address}/simulator${path}`)
    : fetch(`${address}/simulator${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });

const expectedPriceOf = (source: 'deribit' | 'coingecko', ticker: string, second = SECOND): string =>
  simulator.prices.priceText(source, ticker, second);

/** The body as JSON, whatever it is: the expectations say its shape. */
async function jsonOf(answer: Response | Promise<Response>) {
  return JSON.parse(await (await answer).text());
}

describe('the log over HTTP', () => {
  it('tells of each call when it came, what it asked for and what it got', async () => {
    await coingecko('?ids=bitcoin,nothing&vs_currencies=usd&precision=full');
    const { last } = await lastCall();
    expect(last).toEqual({
      sequence: expect.any(Number),
      source: 'coingecko',
      endpoint: '/simple/price',
      names: ['bitcoin', 'nothing'],
      tickers: ['btc_usd'],
      received_at: SECOND + 0.25,
      second: SECOND,
      status: 200,
      prices: { bitcoin: expectedPriceOf('coingecko', 'btc_usd') },
      fault: null,
      remote_port: expect.any(Number),
    });
  });

  it('pages by sequence and filters by source', async () => {
    await deribit('/public/get_index_price?index_name=btc_usd');
    const { next: before } = await lastCall();
    await deribit('/public/get_index_price?index_name=btc_usd');
    await coingecko('?ids=bitcoin&vs_currencies=usd');
    await deribit('/public/get_index_price?index_name=eth_usd');
    const page = await jsonOf(control(`/calls?after=${before}&source=deribit&limit=1`));
    expect(page).toMatchObject({ calls: [{ names: ['btc_usd'] }], next: before + 1, dropped: 0 });
    const rest = await jsonOf(control(`/calls?after=${page.next}&source=deribit`));
    expect(rest).toMatchObject({ calls: [{ names: ['eth_usd'] }], next: before + 3 });
  });

  it('counts by source, status and name, and does not count its own routes', async () => {
    await deribit('/public/get_index_price?index_name=btc_usd');
    const before = await jsonOf(control('/counters'));
    await deribit('/public/get_index_price?index_name=btc_usd');
    const after = await jsonOf(control('/counters'));
    expect(after.calls).toBe(before.calls + 1);
    expect(after.sources.deribit.statuses['200']).toBe(before.sources.deribit.statuses['200'] + 1);
    expect(after.sources.deribit.names.btc_usd).toBe(before.sources.deribit.names.btc_usd + 1);
    expect(after.sources.coingecko).toEqual(before.sources.coingecko);
  });

  it.each([
    ['?after=-1', 'after'],
    ['?limit=0', 'limit'],
    ['?limit=10001', 'limit'],
    ['?source=gemini', 'source'],
    ['?page=2', 'page'],
  ])('refuses %s and names the field', async (query, field) => {
    const response = await control(`/calls${query}`);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).errors).toEqual([{ field, problem: expect.any(String) }]);
  });
});

describe('the expected prices', () => {
  it('gives the price text of every second asked for, both ends included', async () => {
    const items = [
      { source: 'deribit', name: 'btc_usd', from: SECOND, to: SECOND + 2 },
      { source: 'coingecko', name: 'ethereum', quote: 'eur', from: SECOND, to: SECOND },
    ];
    const response = await control('/expected-prices', { items });
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toEqual({
      prices: [
        [0, 1, 2].map((offset) => expectedPriceOf('deribit', 'btc_usd', SECOND + offset)),
        [expectedPriceOf('coingecko', 'eth_eur')],
      ],
    });
  });

  it('takes 10,000 questions of 31 seconds at once', async () => {
    const item = { source: 'coingecko', name: 'bitcoin', from: SECOND, to: SECOND + 30 };
    const response = await control('/expected-prices', { items: Array.from({ length: 10_000 }, () => item) });
    expect((await jsonOf(response)).prices).toHaveLength(10_000);
  });

  const item = { source: 'deribit', name: 'btc_usd', from: SECOND, to: SECOND };
  it.each([
    ['an unknown name', { items: [item, { ...item, name: 'sol_usd' }] }, 'items.1.name'],
    ['an unknown source', { items: [{ ...item, source: 'gemini' }] }, 'items.0.source'],
    ['an unknown currency', { items: [{ ...item, source: 'coingecko', name: 'bitcoin', quote: 'x' }] }, 'items.0.name'],
    ['milliseconds', { items: [{ ...item, from: SECOND * 1000, to: SECOND * 1000 }] }, 'items.0.from'],
    ['a fraction', { items: [{ ...item, to: SECOND + 0.5 }] }, 'items.0.to'],
    ['an end before the start', { items: [{ ...item, to: SECOND - 1 }] }, 'items.0.to'],
    ['a range too long', { items: [{ ...item, to: SECOND + 31 }] }, 'items.0.to'],
    ['too many items', { items: Array.from({ length: 10_001 }, () => item) }, 'items'],
    ['an unknown field', { items: [{ ...item, ticker: 'btc_usd' }] }, 'items.0.ticker'],
    ['no items', {}, 'items'],
  ])('refuses %s and names the field', async (_, body, field) => {
    const response = await control('/expected-prices', body);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  it('gives a past to seed, from included and to excluded', async () => {
    const query = `?source=coingecko&name=bitcoin&from=${SECOND}&to=${SECOND + 120}&step=60`;
    expect(await jsonOf(control(`/history${query}`))).toEqual({
      prices: [
        [SECOND, expectedPriceOf('coingecko', 'btc_usd')],
        [SECOND + 60, expectedPriceOf('coingecko', 'btc_usd', SECOND + 60)],
      ],
    });
    const empty = `?source=deribit&name=btc_usd&from=${SECOND}&to=${SECOND}`;
    expect(await jsonOf(control(`/history${empty}`))).toEqual({ prices: [] });
  });

  it.each([
    ['from=1&to=100002&step=1', 'step'],
    ['from=5&to=1&step=1', 'to'],
    ['from=1&to=5&step=0', 'step'],
    ['from=1766000000000&to=1766000000001', 'from'],
    ['from=now&to=5', 'from'],
    ['to=5', 'from'],
  ])('refuses a past with %s and names the field', async (query, field) => {
    const response = await control(`/history?source=deribit&name=btc_usd&${query}`);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  it('refuses a past of a name that it does not know', async () => {
    const response = await control('/history?source=deribit&name=sol_usd&from=1&to=2');
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).detail).toBe('name: the simulated deribit does not know "sol_usd"');
  });

  it('says which prices these are', async () => {
    expect(await jsonOf(control(''))).toEqual({ seed: 'spec', history: null });
  });
});

interface PageOfCalls {
  calls: { sequence: number; prices: Record<string, string> | null; [key: string]: unknown }[];
  next: number;
}

async function lastCall(): Promise<{ last: PageOfCalls['calls'][number]; next: number }> {
  const page: PageOfCalls = await jsonOf(control('/calls?limit=10000'));
  const last = page.calls.at(-1);
  if (last === undefined) throw new Error('no call was logged');
  return { last, next: page.next };
}
