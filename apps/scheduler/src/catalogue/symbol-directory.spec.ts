import { SourceClient } from '@app/sources';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerServer,
} from '../../../../libs/sources/src/testing/answer-server.contract.js';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { SymbolDirectory } from './symbol-directory.js';
import { tickerRequestSchema, type TickerRequest } from './ticker-request.js';

const COINS = [
  { id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' },
  { id: 'quaint-coin', symbol: 'qnt-x', name: 'Quaint Coin' },
  { id: 'gold-one', symbol: 'gold', name: 'Gold One' },
  { id: 'gold-two', symbol: 'GOLD', name: 'Gold Two' },
];

describe('the symbol directory', () => {
  let server: AnswerServer;
  let client: SourceClient;
  let log: LogBook;
  let nowMs: number;
  let creditsLeft: number;
  let directory: SymbolDirectory;

  beforeEach(async () => {
    server = await startAnswerServer();
    server.answerWith(plainAnswer(200, JSON.stringify(COINS)));
    log = createLogBook();
    nowMs = Date.now();
    creditsLeft = 10;
    const access = { coingecko: { baseUrl: server.url }, deribit: { baseUrl: server.url } };
    client = new SourceClient({ access, now: Date.now });
    const spend = async (_source: unknown, cost: number): Promise<boolean> => (creditsLeft -= cost) >= 0;
    directory = new SymbolDirectory({ client, access, logger: log.logger, now: () => nowMs, spend });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it('leaves a ticker alone whose name is known and listed', async () => {
    const request = asked('btc_usd', 'coingecko');
    expect(await directory.complete(request)).toEqual(request);
  });

  it('finds the name of a symbol that only one coin has', async () => {
    const { sources } = await directory.complete(asked('qnt-x_usd', 'coingecko'));
    expect(sources).toEqual([{ source: 'coingecko', source_symbol: 'quaint-coin' }]);
  });

  it('never chooses between coins that share a symbol: it names them', async () => {
    await expect(directory.complete(asked('gold_usd', 'coingecko'))).rejects.toThrow(
      'gold_usd: 2 names of coingecko have the symbol gold: gold-one (Gold One), gold-two (Gold Two); give the one you mean as "source_symbol"',
    );
  });

  it('refuses what the source does not list, with the nearest names', async () => {
    await expect(directory.complete(asked('bitcorn_usd', 'coingecko'))).rejects.toThrow(
      /^bitcorn_usd: coingecko does not list bitcorn; nearest: bitcoin, /,
    );
    const named = tickerRequestSchema.parse({
      ticker: 'x_usd',
      sources: [{ source: 'coingecko', source_symbol: 'bitcoins' }],
    });
    await expect(directory.complete(named)).rejects.toThrow(
      /^x_usd: coingecko does not list bitcoins; nearest: bitcoin, /,
    );
  });

  it('tells the faults of all sources at once', async () => {
    server.answerWith((request, response) =>
      plainAnswer(200, request.url?.includes('index') === true ? '{"result":["btc_usd"]}' : JSON.stringify(COINS))(
        request,
        response,
      ),
    );
    const request = tickerRequestSchema.parse({ ticker: 'gold_usd', sources: ['deribit', 'coingecko'] });
    await expect(directory.complete(request)).rejects.toMatchObject({
      faults: [expect.stringContaining('deribit'), expect.stringContaining('coingecko')] as unknown,
    });
  });

  it('takes a source at its word whose list cannot be had, and does not ask again for ten minutes', async () => {
    server.answerWith(plainAnswer(503, ''));
    const request = asked('gold_usd', 'coingecko');
    expect(await directory.complete(request)).toEqual(request);
    expect(await directory.complete(request)).toEqual(request);
    expect(server.requests).toHaveLength(1);
    expect(log.of('names_unavailable')).toHaveLength(1);
    server.answerWith(plainAnswer(200, JSON.stringify(COINS)));
    nowMs += 10 * 60_000;
    await expect(directory.complete(request)).rejects.toThrow('2 names of coingecko');
  });

  it('asks once a day, and once for many at a time', async () => {
    await Promise.all([1, 2, 3].map(() => directory.complete(asked('btc_usd', 'coingecko'))));
    await directory.complete(asked('btc_usd', 'coingecko'));
    expect(server.requests).toEqual(['GET /coins/list']);
    nowMs += 86_400_000;
    await directory.complete(asked('btc_usd', 'coingecko'));
    expect(server.requests).toHaveLength(2);
  });

  it('counts its calls, and makes none when the month is spent', async () => {
    creditsLeft = 0;
    await directory.complete(asked('btc_usd', 'coingecko'));
    expect(server.requests).toEqual([]);
  });

  it('says which names of a catalogue are not listed, once for each', async () => {
    await directory.check(new Map([['coingecko', new Set(['bitcoin', 'bitcon'])]]));
    expect(log.of('source_symbol_unknown')).toMatchObject([
      { source: 'coingecko', source_symbol: 'bitcon', nearest: ['bitcoin', 'gold-one', 'quaint-coin'] },
    ]);
    expect(directory.unknownSymbolsOf('coingecko')).toEqual(['bitcon']);
    expect(directory.unknownSymbolsOf('deribit')).toEqual([]);
  });
});

function asked(ticker: string, source: string): TickerRequest {
  return tickerRequestSchema.parse({ ticker, sources: [source] });
}
