import { lacksKey, SOURCES } from '@app/sources';
import { type FetchCli, startFetchCli, FETCH_NOW_MS } from '../../../../test/support/fetch-cli.js';
import { EXCHANGES, ExchangeUpstream } from '../../../../test/support/exchange-upstream.js';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { runCli } from '../program.js';

const SECRET = 'a-key-that-nobody-may-see';

const KRAKEN = '{"error":[],"result":{"XXBTZUSD":{"c":["81412.20000","0.1"]}}}';
const COINGECKO = `{"bitcoin":{"usd":81400.5,"last_updated_at":${FETCH_NOW_MS / 1000 - 30 - 0.123}},"ethereum":{"usd":3000}}`;

/** A row of Binance's ticker/24hr. */
function statistics(symbol: string, lastPrice: string): string {
  return JSON.stringify({
    symbol,
    lastPrice,
    openTime: FETCH_NOW_MS - 86_400_000,
    closeTime: FETCH_NOW_MS - 1000,
    quoteVolume: '1.0',
  });
}

describe('fetch', () => {
  let cli: FetchCli;
  beforeAll(async () => {
    cli = await startFetchCli();
  });
  afterAll(() => cli.server.close());

  it('asks the source that is named and tells what it read', async () => {
    const { status, report } = await cli.fetched({ '/kraken': KRAKEN }, ['--ticker', 'btc_usd', '--source', 'kraken']);
    expect(status).toBe(0);
    expect(report.prices).toMatchObject([
      {
        ticker: 'btc_usd',
        source: 'kraken',
        outcome: 'accepted',
        price: '81412.20000',
        source_symbol: 'XBTUSD',
        raw: '81412.20000',
      },
    ]);
    expect(report.missing).toEqual([]);
  });

  it('prints a table without --json, and what it is doing beside it', async () => {
    const { printed, complained } = await cli.run({ '/kraken': KRAKEN }, ['--ticker', 'btc_usd', '--source', 'kraken']);
    expect(printed()).toMatch(/^TICKER {3}SOURCE .*\nbtc_usd {2}kraken {2}accepted {2}81412\.20000/);
    expect(printed()).toContain('1 of 1 tickers have a price.');
    expect(complained()).toMatch(/^calls are not counted: .*\nasking kraken for btc_usd\n$/);
  });

  it('asks the next source for what the first did not give, and no other', async () => {
    const answers = { '/coingecko': COINGECKO, '/kraken': { status: 503 }, '/coinbase': '{"price":"1"}' };
    const before = cli.server.requests.length;
    const { status, report } = await cli.fetched(answers, [
      '--ticker',
      'btc_usd,eth_usd',
      '--source',
      'kraken,coingecko,coinbase',
    ]);
    expect(status).toBe(0);
    expect(report.prices.map((price: { source: string }) => price.source)).toEqual(['coingecko', 'coingecko']);
    expect(report.attempts.slice(0, 2)).toMatchObject([
      { ticker: 'btc_usd', source: 'kraken', outcome: 'failed', reason: 'unavailable' },
      { ticker: 'eth_usd', source: 'kraken', outcome: 'failed', reason: 'unavailable' },
    ]);
    expect(cli.server.requests.slice(before).map((request) => request.split('/')[1])).toEqual(['kraken', 'coingecko']);
  });

  it('names the symbol that a source refuses, and has the prices of the others', async () => {
    const upstream = new ExchangeUpstream(cli.server, EXCHANGES.binance, () => FETCH_NOW_MS);
    upstream.delisted.add('SOLUSDT');
    upstream.listed = ['ETHUSDT', 'ADAUSDT', 'LTCUSDT'];
    const asked = ['--ticker', 'eth_usdt,sol_usdt,ada_usdt,ltc_usdt', '--source', 'binance'];
    const { status, report } = await cli.fetched(undefined, asked);
    expect(status).toBe(1);
    expect(report.missing).toEqual(['sol_usdt']);
    expect(report.prices.map(({ price }: { price: string }) => price)).toEqual(['100', '100', '100']);
    expect(report.attempts[1]).toMatchObject({
      ...{ ticker: 'sol_usdt', source_symbol: 'SOLUSDT', outcome: 'failed', reason: 'not_found' },
      detail: 'Binance refuses SOLUSDT (HTTP 400 (error -1121 Invalid symbol.))',
    });
    expect(upstream.calls).toEqual(['ETHUSDT,SOLUSDT,ADAUSDT,LTCUSDT', 'list', 'ETHUSDT,ADAUSDT,LTCUSDT', 'SOLUSDT']);
  });

  it('asks for no list where one symbol alone is refused, which names it already', async () => {
    const upstream = new ExchangeUpstream(cli.server, EXCHANGES.binance, () => FETCH_NOW_MS);
    upstream.delisted.add('SOLUSDT');
    upstream.listed = ['ETHUSDT'];
    const { report } = await cli.fetched(undefined, ['--ticker', 'sol_usdt', '--source', 'binance']);
    expect(report.attempts).toMatchObject([{ outcome: 'failed', reason: 'not_found' }]);
    expect(upstream.calls).toEqual(['SOLUSDT']);
  });

  it('asks the next source when a price fails a check', async () => {
    const answers = { '/kraken': '{"error":[],"result":{"XXBTZUSD":{"c":["0","1"]}}}', '/coingecko': COINGECKO };
    const { report } = await cli.fetched(answers, [
      '--ticker',
      'btc_usd',
      '--source',
      'kraken',
      '--source',
      'coingecko',
    ]);
    expect(report.attempts).toMatchObject([
      { source: 'kraken', outcome: 'rejected', reason: 'not_positive', raw: '0' },
      { source: 'coingecko', outcome: 'accepted', price: '81400.5' },
    ]);
  });

  it('ends with 1 and names the tickers that have no price', async () => {
    const { status, report } = await cli.fetched({ '/coingecko': COINGECKO }, [
      '--ticker',
      'btc_usd,sol_usd',
      '--source',
      'coingecko',
    ]);
    expect(status).toBe(1);
    expect(report).toMatchObject({ missing: ['sol_usd'], prices: [{ ticker: 'btc_usd' }] });
    expect(report.attempts).toContainEqual(
      expect.objectContaining({ ticker: 'sol_usd', outcome: 'failed', reason: 'absent' }),
    );
  });

  it('asks everybody who can be asked when nobody is named, and tells who has no name for the ticker', async () => {
    const { status, report } = await cli.fetched({}, ['--ticker', 'xyz_usd,btc_usd']);
    expect(status).toBe(1);
    const asked = report.attempts
      .filter((attempt: { ticker: string }) => attempt.ticker === 'btc_usd')
      .map((attempt: { source: string }) => attempt.source);
    const usual = ['coingecko', 'kraken', 'coinbase', 'bitstamp', 'coinpaprika', 'deribit', 'binance'];
    // CoinCap needs a key. A source that has no place in the order comes after those that have.
    const others = SOURCES.filter((source) => !lacksKey(source, undefined) && !usual.includes(source.name));
    expect(asked).toEqual([...usual, ...others.map(({ name }) => name)]);
    expect(report.attempts).toContainEqual(
      expect.objectContaining({ ticker: 'xyz_usd', outcome: 'unasked', reason: 'no_name' }),
    );
  });

  it('converts a price in a stablecoin with a price of that coin that it fetches once', async () => {
    const before = cli.server.requests.length;
    const answers = {
      '/binance': `[${statistics('BTCUSDT', '80000.00')},${statistics('SOLUSDT', '200.00')}]`,
      '/coingecko': '{"tether":{"usd":0.95012}}',
    };
    const { status, report } = await cli.fetched(answers, ['--ticker', 'btc_usd,sol_usd', '--source', 'binance']);
    expect(status).toBe(0);
    expect(report.prices).toMatchObject([
      {
        ticker: 'btc_usd',
        price: '76009.6',
        raw: '80000.00',
        quoted_in: 'usdt',
        rate: '0.95012',
        rate_ticker: 'usdt_usd',
        flags: ['derived'],
      },
      { ticker: 'sol_usd', price: '190.024' },
    ]);
    expect(cli.server.requests.slice(before)).toHaveLength(2);
  });

  it('converts nothing with a price of that coin of which too little is known', async () => {
    const answers = { '/binance': `[${statistics('BTCUSDT', '80000.00')}]`, '/coingecko': '{"tether":{"usd":0.95}}' };
    const { status, report } = await cli.fetched(answers, ['--ticker', 'btc_usd', '--source', 'binance']);
    expect(status).toBe(1);
    expect(report.attempts).toContainEqual(
      expect.objectContaining({
        ...{ ticker: 'btc_usd', outcome: 'rejected', reason: 'imprecise' },
        detail: expect.stringContaining('"80000.00" converted at 0.95 is known to 0.53 % only'),
      }),
    );
  });

  it('never takes a stablecoin for a dollar when nobody has its price, and says so', async () => {
    const { status, report } = await cli.fetched({ '/binance': `[${statistics('BTCUSDT', '80000.00')}]` }, [
      '--ticker',
      'btc_usd',
      '--source',
      'binance',
    ]);
    expect(status).toBe(1);
    expect(report.attempts.at(-1)).toMatchObject({
      reason: 'no_conversion_rate',
      detail: expect.stringContaining('usdt_usd'),
    });
  });

  it('takes it for a dollar where the environment says so, and marks the price', async () => {
    const { report } = await cli.fetched(
      { '/binance': `[${statistics('BTCUSDT', '80000.00')}]` },
      ['--ticker', 'btc_usd', '--source', 'binance'],
      {
        ASSUME_STABLECOINS_AT_PAR: 'true',
      },
    );
    expect(report.prices).toMatchObject([{ price: '80000.00', rate: '1', flags: ['derived', 'at_par'] }]);
  });

  it('asks a source that is limited no second time', async () => {
    const before = cli.server.requests.length;
    const { report } = await cli.fetched({ '/bitstamp': { status: 429, headers: { 'retry-after': '60' } } }, [
      '--ticker',
      'btc_usd,eth_usd,sol_usd',
      '--source',
      'bitstamp',
    ]);
    expect(cli.server.requests.slice(before)).toHaveLength(1);
    expect(report.attempts.map((attempt: { reason: string }) => attempt.reason)).toEqual(Array(3).fill('rate_limited'));
  });

  it('takes a name for the one source that is named', async () => {
    const answers = { '/coingecko': '{"some-coin":{"usd":2.50}}' };
    const words = ['--ticker', 'mine_usd', '--name', 'mine_usd=some-coin', '--source', 'coingecko'];
    expect((await cli.fetched(answers, words)).report.prices).toMatchObject([{ ticker: 'mine_usd', price: '2.50' }]);
    const written = words.map((word) => word.replace('mine_usd', 'MINE/USD'));
    expect((await cli.fetched(answers, written)).report.prices).toMatchObject([{ ticker: 'mine_usd', price: '2.50' }]);
  });

  it('never shows a key', async () => {
    const environment = { COINGECKO_API_KEY: SECRET, COINCAP_API_KEY: SECRET };
    for (const words of [['--json'], []]) {
      const { printed, complained } = await cli.run(
        { '/coingecko': { status: 401, body: `bad key ${SECRET.slice(0, 5)}` } },
        ['--ticker', 'btc_usd', '--source', 'coingecko,coincap', ...words],
        environment,
      );
      expect(printed() + complained()).not.toContain(SECRET);
    }
  });

  it.each<[string, readonly string[], NodeJS.ProcessEnv, string]>([
    ['nothing', [], {}, 'Nothing is asked for'],
    ['no asset', ['--assets', ','], {}, 'No asset is named'],
    ['an unknown source', ['--ticker', 'btc_usd', '--source', 'krakn'], {}, 'did you mean kraken?'],
    ['what is no ticker', ['--ticker', 'bitcoin'], {}, 'as in btc_usd'],
    [
      'a name for several sources',
      ['--ticker', 'btc_usd', '--name', 'btc_usd=x', '--source', 'kraken,coinbase'],
      {},
      '--source',
    ],
    ['a name for no source', ['--ticker', 'btc_usd', '--name', 'btc_usd=x'], {}, '--source'],
    ['no time', ['--ticker', 'btc_usd', '--timeout', '0'], {}, '--timeout 0'],
    ['a currency in capitals', ['--assets', 'btc', '--quote', 'USD'], {}, '--quote USD'],
    ['a wrong setting', ['--ticker', 'btc_usd'], { DRIFT_POLICY: 'guess' }, 'DRIFT_POLICY'],
    ['a plan without its key', ['--ticker', 'btc_usd'], { COINGECKO_PLAN: 'pro' }, 'COINGECKO_API_KEY'],
    ['an unknown option', ['--tickr', 'btc_usd'], {}, 'Did you mean --ticker?'],
  ])('refuses %s with a sentence', async (_name, words, environment, sentence) => {
    const { status, printed, complained } = await cli.run({}, words, environment);
    expect({ status, printed: printed() }).toEqual({ status: 2, printed: '' });
    expect(complained()).toContain(sentence);
  });

  it('ends early when it is told to', async () => {
    const terminal = {
      ...keptTerminal({ environment: { KRAKEN_URL: cli.server.url } }),
      signal: AbortSignal.abort(new Error('interrupted')),
    };
    expect(await runCli(['fetch', '--ticker', 'btc_usd', '--source', 'kraken'], terminal)).toBe(1);
  });
});
