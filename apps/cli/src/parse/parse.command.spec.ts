import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { runCli } from '../program.js';

const COINGECKO = '{"bitcoin":{"usd":87123.450,"last_updated_at":1779092258}}';

describe('parse', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-parse-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function stored(body: string | Uint8Array): Promise<string> {
    const file = join(folder, `${Math.random().toString(36).slice(2)}.json`);
    await writeFile(file, body);
    return file;
  }

  async function parsed(body: string | Uint8Array, ...words: string[]): Promise<unknown> {
    const terminal = keptTerminal();
    const status = await runCli(['parse', ...words, await stored(body)], terminal);
    const isDated = words.some((word) => word.startsWith('date: ')) && !words.includes('--now');
    const complained = isDated ? (expect.stringMatching(/^Without --now .*\n$/) as string) : '';
    expect({ status, complained: terminal.complained() }).toEqual({ status: 0, complained });
    expect(terminal.printed().trimEnd()).not.toContain('\n');
    return JSON.parse(terminal.printed());
  }

  async function refusal(...words: string[]): Promise<string> {
    const terminal = keptTerminal();
    expect(await runCli(['parse', ...words], terminal)).toBe(2);
    expect(terminal.printed()).toBe('');
    return terminal.complained();
  }

  it('gives accepted prices with their own digits, and names what the answer leaves out', async () => {
    expect(await parsed(COINGECKO, '--source', 'coingecko', '--tickers', 'btc_usd,eth_usd', '--status', '200')).toEqual(
      {
        accepted: [{ ticker: 'btc_usd', price: '87123.450', source_time: '2026-05-18T08:17:38.000Z', flags: [] }],
        rejected: [],
        missing: ['eth_usd'],
        error: null,
      },
    );
  });

  it('gives an inverse to as many digits as are known, calls it derived, and refuses one of which too little is known', async () => {
    const rates = '{"data":{"currency":"USD","rates":{"BTC":"0.0000113149270","ETH":"0.00034","USDC":"1.0"}}}';
    const words = ['--source', 'coinbase', '--tickers', 'btc_usd,eth_usd,usdc_usd', '--endpoint', 'exchange-rates'];
    const names = ['--name', 'btc_usd=BTC', '--name', 'eth_usd=ETH', '--name', 'usdc_usd=USDC'];
    expect(await parsed(rates, ...words, ...names)).toEqual({
      accepted: [{ ticker: 'btc_usd', price: '88378.8291', source_time: null, flags: ['derived'] }],
      rejected: [
        { ticker: 'eth_usd', reason: 'imprecise', detail: expect.stringContaining('is known to 1.5 % only') },
        { ticker: 'usdc_usd', reason: 'imprecise', detail: expect.stringContaining('is known to 5 % only') },
      ],
      missing: [],
      error: null,
    });
  });

  it('does not call a price derived that waits for its conversion', async () => {
    const answer = JSON.stringify([{ symbol: 'BTCUSDT', lastPrice: '80000.50', closeTime: 1_779_092_258_000 }]);
    expect(await parsed(answer, '--source', 'binance', '--tickers', 'btc_usd')).toMatchObject({
      accepted: [{ ticker: 'btc_usd', price: '80000.50', flags: [] }],
    });
  });

  it('gives the kind of a refusal and what it asks us to wait', async () => {
    const words = ['--source', 'coingecko', '--tickers', 'btc_usd', '--status', '429', '--header', 'Retry-After: 119'];
    expect(await parsed('', ...words)).toEqual({
      accepted: [],
      rejected: [],
      missing: [],
      error: { kind: 'rate_limited', retry_after_seconds: 119, message: 'coingecko: HTTP 429' },
    });
  });

  it('reads a Retry-After that is a date against the Date of the answer', async () => {
    const words = ['--source', 'deribit', '--tickers', 'btc_usd', '--status', '503'];
    const dates = [
      '--header',
      'date: Fri, 20 Nov 2026 10:00:00 GMT',
      '--header',
      'retry-after: Fri, 20 Nov 2026 10:00:30 GMT',
    ];
    expect(await parsed('', ...words, ...dates)).toMatchObject({
      error: { kind: 'unavailable', retry_after_seconds: 30 },
    });
  });

  it('says null where the answer names no time to wait', async () => {
    const words = ['--source', 'deribit', '--tickers', 'btc_usd', '--status', '500'];
    expect(await parsed('oops', ...words)).toMatchObject({ error: { kind: 'unavailable', retry_after_seconds: null } });
  });

  it('rejects a price with reason and detail', async () => {
    const body = '{"bitcoin":{"usd":-1},"ethereum":{"usd":1e30},"solana":{"usd":"1"}}';
    expect(await parsed(body, '--source', 'coingecko', '--tickers', 'btc_usd,eth_usd', '--tickers', 'sol_usd')).toEqual(
      {
        accepted: [],
        rejected: [
          { ticker: 'btc_usd', reason: 'not_positive', detail: expect.stringContaining('-1') as string },
          { ticker: 'eth_usd', reason: 'absurd', detail: expect.stringContaining('1000000000000') as string },
          { ticker: 'sol_usd', reason: 'drift', detail: expect.stringContaining('solana.usd') as string },
        ],
        missing: [],
        error: null,
      },
    );
  });

  it.each([
    ['at its own time without a clock', [], 'accepted'],
    ['within its age', ['--now', '2026-05-18T08:27:38Z'], 'accepted'],
    ['after it', ['--now', '2026-05-18T08:27:39Z'], 'stale'],
    ['before its time', ['--now', '2026-05-18T08:16:37Z'], 'in_the_future'],
    ['from a cache that tells its age', ['--header', 'age: 601'], 'stale'],
    ['from a cache that is young enough', ['--header', 'age: 42'], 'accepted'],
    ['long before the Date of its answer', ['--header', 'date: Mon, 18 May 2026 09:17:38 GMT'], 'stale'],
    ['just before the Date of its answer', ['--header', 'date: Mon, 18 May 2026 08:17:48 GMT'], 'accepted'],
  ])('judges a price %s', async (_name, words, outcome) => {
    const result = await parsed(COINGECKO, '--source', 'coingecko', '--tickers', 'btc_usd', ...words);
    expect(result).toMatchObject(
      outcome === 'accepted'
        ? { accepted: [{ ticker: 'btc_usd' }] }
        : { accepted: [], rejected: [{ reason: outcome }] },
    );
  });

  it.each([
    ['by the Date of the answer', [], /^Without --now .* 2026-05-18T08:17:48\.000Z, its Date header: .*\n$/],
    ['and nothing is said when it is told', ['--now', '2026-05-18T08:17:50Z'], /^$/],
  ])('says when the answer is taken to have come: %s', async (_, words, complaint) => {
    const terminal = keptTerminal();
    const file = await stored(COINGECKO);
    const given = ['--source', 'coingecko', '--tickers', 'btc_usd', '--header', 'date: Mon, 18 May 2026 08:17:48 GMT'];
    expect(await runCli(['parse', ...given, ...words, file], terminal)).toBe(0);
    expect(terminal.complained()).toMatch(complaint);
  });

  it('does not let a price from the future set the clock', async () => {
    const body = '{"bitcoin":{"usd":1,"last_updated_at":4070908800},"ethereum":{"usd":1,"last_updated_at":1779092258}}';
    expect(await parsed(body, '--source', 'coingecko', '--tickers', 'btc_usd,eth_usd')).toMatchObject({
      accepted: [{ ticker: 'eth_usd' }],
      rejected: [{ ticker: 'btc_usd', reason: 'in_the_future' }],
    });
  });

  it('takes names that the source does not have by itself', async () => {
    const body = '{"some-coin":{"usd":2}}';
    const words = ['--source', 'coingecko', '--tickers', 'nobody_usd', '--name', 'nobody_usd=some-coin'];
    expect(await parsed(body, ...words)).toMatchObject({ accepted: [{ ticker: 'nobody_usd', price: '2' }] });
  });

  it('calls a ticker missing that has no name at the source, and tells how to give it one', async () => {
    const terminal = keptTerminal();
    const file = await stored('{"jsonrpc":"2.0","result":{"index_price":5.10}}');
    expect(await runCli(['parse', '--source', 'deribit', '--tickers', 'btc_usd,xyz_usd', file], terminal)).toBe(0);
    expect(JSON.parse(terminal.printed())).toMatchObject({
      accepted: [{ ticker: 'btc_usd', price: '5.10' }],
      missing: ['xyz_usd'],
      error: null,
    });
    expect(terminal.complained()).toContain('--name xyz_usd=NAME');
  });

  it('gives the price of an answer that does not say of what it is to the first ticker alone', async () => {
    const body = '{"jsonrpc":"2.0","result":{"index_price":5.10}}';
    expect(await parsed(body, '--source', 'deribit', '--tickers', 'btc_usd,eth_usd')).toMatchObject({
      accepted: [{ ticker: 'btc_usd' }],
      missing: ['eth_usd'],
    });
  });

  it('reads a renamed field only when it is told to', async () => {
    const body = '{"jsonrpc":"2.0","result":{"index_prise":5.10}}';
    const words = ['--source', 'deribit', '--tickers', 'btc_usd'];
    expect(await parsed(body, ...words)).toMatchObject({
      error: { kind: 'drift', message: expect.stringContaining('index_prise looks like it') as string },
    });
    expect(await parsed(body, ...words, '--drift-policy', 'map')).toMatchObject({ accepted: [{ price: '5.10' }] });
  });

  it('reads standard input', async () => {
    const terminal = keptTerminal({ input: Buffer.from(`\ufeff${COINGECKO}`) });
    expect(await runCli(['parse', '--source', 'coingecko', '--tickers', 'btc_usd', '-'], terminal)).toBe(0);
    expect(JSON.parse(terminal.printed())).toMatchObject({ accepted: [{ ticker: 'btc_usd' }] });
  });

  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'malformed'],
    ['zeros', new Uint8Array(1000), 'malformed'],
    ['bytes that are no UTF-8', Uint8Array.from({ length: 5000 }, (_, index) => (index * 151) % 256), 'malformed'],
    ['more than a client reads', Buffer.alloc(10_000_000, ' '), 'malformed'],
    ['brackets nested deeper than the stack', '['.repeat(400_000), 'malformed'],
    ['a page', '<!DOCTYPE html><title>x</title>', 'malformed'],
    ['null', 'null', 'drift'],
  ])('classifies a body of %s', async (_name, body, kind) => {
    expect(await parsed(body, '--source', 'coingecko', '--tickers', 'btc_usd')).toMatchObject({ error: { kind } });
  });

  it('takes a refusal by its status however long its body is', async () => {
    const words = ['--source', 'coingecko', '--tickers', 'btc_usd', '--status', '418'];
    expect(await parsed(Buffer.alloc(10_000_000, 'x'), ...words)).toMatchObject({ error: { kind: 'rate_limited' } });
  });

  it.each<[string, readonly string[], string]>([
    ['an unknown source', ['--source', 'coingeko', '--tickers', 'btc_usd', 'x'], 'did you mean coingecko?'],
    ['no source', ['--tickers', 'btc_usd', 'x'], '--source'],
    ['no file', ['--source', 'deribit', '--tickers', 'btc_usd'], "missing required argument 'file'"],
    [
      'an unknown option',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--hedder', 'x', '-'],
      'Did you mean --header?',
    ],
    ['a file that is not there', ['--source', 'deribit', '--tickers', 'btc_usd', '/none/x'], 'there is no such file'],
    ['a folder', ['--source', 'deribit', '--tickers', 'btc_usd', '/'], 'it is a folder'],
    ['a status in words', ['--source', 'deribit', '--tickers', 'btc_usd', '--status', 'ok', '-'], '--status ok'],
    ['a status of two digits', ['--source', 'deribit', '--tickers', 'btc_usd', '--status', '20', '-'], '--status 20'],
    ['a header without a colon', ['--source', 'deribit', '--tickers', 'btc_usd', '--header', 'age 5', '-'], '"age 5"'],
    [
      'a header of two lines',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--header', 'a: b\nc: d', '-'],
      '--header',
    ],
    [
      'a time without a zone',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--now', '2026-01-01T00:00:00', '-'],
      '--now',
    ],
    [
      'a day that is none',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--now', '2026-02-31T00:00:00Z', '-'],
      '--now',
    ],
    ['what is no ticker', ['--source', 'deribit', '--tickers', 'btcusd', '-'], 'as in btc_usd'],
    ['no ticker at all', ['--source', 'deribit', '--tickers', ' , ', '-'], 'No ticker is named'],
    [
      'a name of no ticker',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--name', 'eth_usd=x', '-'],
      'eth_usd is not among',
    ],
    [
      'a name without a ticker',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--name', 'x', '-'],
      '--name btc_usd=bitcoin',
    ],
    [
      'an unknown endpoint',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--endpoint', 'get_index_prise', '-'],
      'did you mean get_index_price?',
    ],
    [
      'an unknown policy',
      ['--source', 'deribit', '--tickers', 'btc_usd', '--drift-policy', 'guess', '-'],
      'reject, map',
    ],
  ])('refuses %s with a sentence', async (_name, words, sentence) => {
    expect(await refusal(...words)).toContain(sentence);
  });
});
