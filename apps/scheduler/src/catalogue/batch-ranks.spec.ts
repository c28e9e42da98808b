import { SourceClient, sourceByName } from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerServer,
} from '../../../../libs/sources/src/testing/answer-server.contract.js';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { batchesOf } from './batch-ranks.js';
import { SymbolDirectory } from './symbol-directory.js';

const COINS = [
  { id: 'btc-bitcoin', symbol: 'BTC', name: 'Bitcoin', rank: 1 },
  { id: 'lst-last', symbol: 'LST', name: 'The last one', rank: 2000 },
  { id: 'fst-first-out', symbol: 'FST', name: 'The first one out', rank: 2001 },
  { id: 'zrp-zorp', symbol: 'ZRP', name: 'Zorp', rank: 7342 },
  { id: 'new-new', symbol: 'NEW', name: 'Not ranked', rank: 0 },
  { id: 'non-none', symbol: 'NON', name: 'Without a rank' },
];

describe('a coin that the list of a source leaves out', () => {
  let server: AnswerServer;
  let client: SourceClient;
  let log: LogBook;

  beforeEach(async () => {
    server = await startAnswerServer();
    server.answerWith(plainAnswer(200, JSON.stringify(COINS)));
    log = createLogBook();
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  function directory(apiKey?: string): SymbolDirectory {
    const access = { coinpaprika: { baseUrl: server.url, apiKey } };
    client = new SourceClient({ access, now: Date.now });
    return new SymbolDirectory({ client, access, logger: log.logger, now: Date.now, spend: async () => true });
  }

  function sampled(symbols: Readonly<Record<string, string>>): TickerConfiguration[] {
    return Object.entries(symbols).map(([sourceSymbol, batch]) => ({
      ...{ ticker: `${sourceSymbol.split('-')[0]}_usd`, intervalSeconds: 300, rule: 'priority', ruleOptions: {} },
      sources: [
        {
          ...{ sourceId: sourceByName('coinpaprika')?.id ?? 0, position: 0, sourceSymbol, batch },
          ...{ intervalSeconds: 300, standby: false, quotedIn: undefined },
        },
      ],
    }));
  }

  it.each([
    ['zrp-zorp', 'is number 7342'],
    ['fst-first-out', 'is number 2001'],
    ['new-new', 'has no rank'],
    ['non-none', 'has no rank'],
  ])('is refused in a batch with others: %s', async (symbol, place) => {
    const catalogue = sampled({ 'btc-bitcoin': 'big', 'lst-last': 'big', [symbol]: 'big' });
    const ticker = `${symbol.split('-')[0]}_usd`;
    const fault = `${ticker}: coinpaprika answers a call for several with its first 2000 coins, and ${symbol} ${place}: give it a batch of its own instead of big`;
    await expect(directory().checkBatches(ticker, catalogue)).rejects.toMatchObject({ faults: [fault] });
    // Whoever joins it is refused too, and a ticker elsewhere is not.
    await expect(directory().checkBatches('btc_usd', catalogue)).rejects.toThrow(fault);
    const elsewhere = [...catalogue, ...sampled({ 'ltc-litecoin': 'other' })];
    await expect(directory().checkBatches('ltc_usd', elsewhere)).resolves.toBeUndefined();
  });

  it('is not known of a list in which nobody has a rank', async () => {
    server.answerWith(plainAnswer(200, JSON.stringify(COINS.map(({ rank: _rank, ...coin }) => coin))));
    const catalogue = sampled({ 'btc-bitcoin': 'big', 'zrp-zorp': 'big' });
    await expect(directory().checkBatches('zrp_usd', catalogue)).resolves.toBeUndefined();
  });

  it('has its own page in a batch of its own, and stands in the whole list of a key', async () => {
    const alone = sampled({ 'btc-bitcoin': 'big', 'lst-last': 'big', 'zrp-zorp': 'zrp_usd' });
    await expect(directory().checkBatches('zrp_usd', alone)).resolves.toBeUndefined();
    const together = sampled({ 'btc-bitcoin': 'big', 'zrp-zorp': 'big' });
    await expect(directory('a-key').checkBatches('zrp_usd', together)).resolves.toBeUndefined();
  });

  it('is said of a catalogue that has it already, in the log and by name', async () => {
    const names = directory();
    const catalogue = sampled({ 'btc-bitcoin': 'big', 'zrp-zorp': 'big' });
    await names.check(new Map([['coinpaprika', new Set(['btc-bitcoin', 'zrp-zorp'])]]), batchesOf(catalogue));
    expect(names.unknownSymbolsOf('coinpaprika')).toEqual(['zrp-zorp']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ event: 'source_symbol_unlisted', source: 'coinpaprika', source_symbol: 'zrp-zorp' }),
    );
  });
});
