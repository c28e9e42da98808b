import { type Source, SourceError } from '../contract/index.js';
import { binanceSource } from '../providers/binance.source.js';
import { bitstampSource } from '../providers/bitstamp.source.js';
import { coinbaseSource } from '../providers/coinbase.source.js';
import { coincapSource } from '../providers/coincap.source.js';
import { coingeckoSource } from '../providers/coingecko.source.js';
import { coinpaprikaSource } from '../providers/coinpaprika.source.js';
import { deribitSource } from '../providers/deribit.source.js';
import { krakenSource } from '../providers/kraken.source.js';
import { type AnswerServer, plainAnswer, startAnswerServer } from '../testing/answer-server.contract.js';
import { ListedSymbols, type ListLookUp } from './listed-symbols.js';
import { SourceClient } from './source-client.js';

const SOURCES = [
  ...[binanceSource, bitstampSource, coinbaseSource, coincapSource],
  ...[coingeckoSource, coinpaprikaSource, deribitSource, krakenSource],
];
const KEPT_FOR_MS = 3 * 60_000;
const MARKETS = '{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}';

describe('the own lists of sources', () => {
  let server: AnswerServer;
  let client: SourceClient;
  let lists: ListedSymbols;
  let nowMs: number;
  /** What each call counts for which there was room. */
  let taken: number[];

  beforeEach(async () => {
    server = await startAnswerServer();
    server.answerWith(plainAnswer(200, MARKETS));
    nowMs = Date.UTC(2026, 0, 1);
    taken = [];
    const now = (): number => nowMs;
    const access = { baseUrl: server.url, apiKey: 'key' };
    client = new SourceClient({ access: Object.fromEntries(SOURCES.map(({ name }) => [name, access])), now });
    lists = new ListedSymbols({ client, now });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  const lookUp = (more: Partial<ListLookUp> = {}): ListLookUp => ({
    timeoutMs: 2_000,
    take: async (_source, cost) => {
      taken.push(cost);
      return true;
    },
    ...more,
  });
  async function unlisted(source: Source, symbols: readonly string[], more?: Partial<ListLookUp>) {
    const found = await lists.unlisted(source, symbols, lookUp(more));
    return found && [...found];
  }

  describe.each<{
    readonly source: Source;
    readonly body: unknown;
    /** Names that the list has, and that it lacks. */
    readonly has: readonly string[];
    readonly lacks: readonly string[];
    /** Names of a kind that the list does not hold. */
    readonly others?: readonly string[];
  }>([
    {
      source: binanceSource,
      body: {
        symbols: [
          { symbol: 'BTCUSDT', status: 'TRADING', baseAsset: 'BTC', quoteAsset: 'USDT' },
          { symbol: 'OLDUSDT', status: 'BREAK', baseAsset: 'OLD', quoteAsset: 'USDT' },
        ],
      },
      has: ['BTCUSDT'],
      lacks: ['OLDUSDT', 'GONEUSDT'],
    },
    {
      source: bitstampSource,
      body: [
        { trading: 'Enabled', url_symbol: 'btcusd', name: 'BTC/USD' },
        { trading: 'Disabled', url_symbol: 'oldusd', name: 'OLD/USD' },
      ],
      has: ['btcusd'],
      lacks: ['oldusd', 'goneusd'],
    },
    {
      source: coinbaseSource,
      body: [
        { id: 'BTC-USD', base_currency: 'BTC', quote_currency: 'USD', status: 'online', trading_disabled: false },
        { id: 'OLD-USD', base_currency: 'OLD', quote_currency: 'USD', status: 'delisted', trading_disabled: true },
      ],
      has: ['BTC-USD'],
      lacks: ['OLD-USD', 'GONE-USD'],
      others: ['BTC', 'GONE'],
    },
    {
      source: coincapSource,
      body: { data: [{ id: 'bitcoin', symbol: 'BTC', name: 'Bitcoin' }], timestamp: 1767225600000 },
      has: ['bitcoin'],
      lacks: ['gone', 'btc'],
    },
    {
      source: coingeckoSource,
      body: [{ id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' }],
      has: ['bitcoin'],
      lacks: ['gone', 'btc'],
    },
    {
      source: coinpaprikaSource,
      body: [
        { id: 'btc-bitcoin', symbol: 'BTC', name: 'Bitcoin', rank: 1, is_active: true },
        { id: 'old-coin', symbol: 'OLD', name: 'Old', rank: 0, is_active: false },
      ],
      has: ['btc-bitcoin'],
      lacks: ['old-coin', 'gone-coin'],
    },
    {
      source: deribitSource,
      body: { jsonrpc: '2.0', result: ['btc_usd', 'sol_usdc', 'btcdvol_usdc'] },
      has: ['btc_usd', 'sol_usdc'],
      lacks: ['btcdvol_usdc', 'gone_usd'],
    },
    {
      source: krakenSource,
      body: {
        error: [],
        result: {
          XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', status: 'online' },
          USDTZUSD: { altname: 'USDTUSD', wsname: 'USDT/USD', status: 'online' },
          XDGUSD: { altname: 'XDGUSD', wsname: 'XDG/USD', status: 'online' },
          OLDUSD: { altname: 'OLDUSD', wsname: 'OLD/USD', status: 'cancel_only' },
          'XETHZUSD.d': { altname: 'ETHUSD.d' },
        },
      },
      has: ['XBTUSD', 'USDTUSD', 'XDGUSD'],
      lacks: ['OLDUSD', 'GONEUSD'],
      others: [
        ...['XBT/USD', 'BTC/USD', 'XXBTZUSD', 'USDTZUSD', 'USDT/USD', 'DOGE/USD'],
        ...['XETHZUSD.d', 'ETHUSD.d', 'BTC/USD:BTNL', 'GONE/USD'],
      ],
    },
  ])('$source.name', ({ source, body, has, lacks, others = [] }) => {
    it('lacks what is not traded there, and nothing that it has or does not cover', async () => {
      server.answerWith(plainAnswer(200, JSON.stringify(body)));
      const asked = [...has, ...lacks, ...others];
      expect(await unlisted(source, asked)).toEqual(lacks);
      expect(await lists.listed(source, asked, lookUp())).toEqual(new Set(has));
      expect(server.requests).toHaveLength(1);
      expect(taken).toEqual([source.names?.cost ?? 1]);
    });
  });

  it('are asked for once in three minutes, or as seldom as is wished', async () => {
    for (const [afterMs, requests] of [
      [0, 1],
      [KEPT_FOR_MS - 1, 1],
      [1, 2],
    ] as const) {
      nowMs += afterMs;
      expect(await unlisted(binanceSource, ['BTCUSDT', 'GONE'])).toEqual(['GONE']);
      expect(server.requests).toHaveLength(requests);
    }
    nowMs += 2 * KEPT_FOR_MS;
    expect(await unlisted(binanceSource, ['GONE'], { maxAgeMs: 3 * KEPT_FOR_MS })).toEqual(['GONE']);
    expect(server.requests).toHaveLength(2);
    nowMs += KEPT_FOR_MS;
    expect(await unlisted(binanceSource, ['GONE'], { maxAgeMs: 3 * KEPT_FOR_MS })).toEqual(['GONE']);
    expect(server.requests).toHaveLength(3);
  });

  it('say nothing where a source has none', async () => {
    expect(await unlisted({ ...binanceSource, names: undefined }, ['BTCUSDT'])).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['holds nothing', 200, '{"symbols":[]}'],
    ['is of another shape', 200, '{"symbols":[{}]}'],
    ['is no JSON', 200, '<html>'],
    ['is an error', 503, '{}'],
    ['is refused', 403, '{}'],
  ])('say nothing where the answer %s, and are not asked for again meanwhile', async (_, status, body) => {
    server.answerWith(plainAnswer(status, body));
    for (let times = 0; times < 2; times += 1) {
      expect(await unlisted(binanceSource, ['BTCUSDT'])).toBeUndefined();
      expect(await lists.listed(binanceSource, ['BTCUSDT'], lookUp())).toBeUndefined();
    }
    expect(server.requests).toHaveLength(1);
    server.answerWith(plainAnswer(200, MARKETS));
    nowMs += KEPT_FOR_MS;
    expect(await unlisted(binanceSource, ['BTCUSDT', 'GONE'])).toEqual(['GONE']);
  });

  it.each([
    ['there is no room for the call', async () => false],
    [
      'the limit cannot be asked',
      async () => {
        throw new SourceError('rate_limited', 'binance', 'no room');
      },
    ],
  ])('are not asked for while %s, and are when there is', async (_, take) => {
    expect(await unlisted(binanceSource, ['GONE'], { take })).toBeUndefined();
    expect(server.requests).toEqual([]);
    expect(await unlisted(binanceSource, ['GONE'])).toEqual(['GONE']);
  });

  it.each([429, 418])('are followed by no other call when theirs is answered with %i', async (status) => {
    server.answerWith(plainAnswer(status, '{}', { 'retry-after': '7' }));
    await expect(unlisted(binanceSource, ['GONE'])).rejects.toMatchObject({
      kind: 'rate_limited',
      retryAfterSeconds: 7,
    });
    // Whoever asks later is told at once that it cannot be had.
    expect(await unlisted(binanceSource, ['GONE'])).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('throw what is no error of a source: that is a fault of ours', async () => {
    const broken = { ...binanceSource, name: 'broken' };
    const take = async (): Promise<boolean> => {
      throw new TypeError('of ours');
    };
    await expect(lists.unlisted(broken, ['GONE'], lookUp({ take }))).rejects.toThrow(TypeError);
  });

  it('are kept apart for each source', async () => {
    expect(await unlisted(binanceSource, ['BTCUSDT'])).toEqual([]);
    server.answerWith(plainAnswer(200, '[{"trading":"Enabled","url_symbol":"btcusd","name":"BTC/USD"}]'));
    expect(await unlisted(bitstampSource, ['BTCUSDT', 'btcusd'])).toEqual(['BTCUSDT']);
    expect(await unlisted(binanceSource, ['BTCUSDT', 'btcusd'])).toEqual(['btcusd']);
  });
});
