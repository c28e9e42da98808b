import '../../../../test/support/one-realm-of-errors.js';
import { pricesOf } from '../../../../test/builders/planned-fetch.js';
import { startControlServer, type ControlServer } from '../../../../test/support/control-server.js';
import { EXCHANGES, ExchangeUpstream } from '../../../../test/support/exchange-upstream.js';
import { FetchFixture } from '../../../../test/support/fetch-fixture.js';
import { releaseDate, setDate } from '../../../../test/support/movable-date.js';

const BATCHES = {
  kraken: { sourceId: 7, symbols: { btc_usd: 'XBTUSD', eth_usd: 'ETHUSD', sol_usd: 'SOLUSD', ada_usd: 'ADAUSD' } },
  binance: { sourceId: 5, symbols: { btc_usd: 'BTCUSDT', eth_usd: 'ETHUSDT', sol_usd: 'SOLUSDT', ada_usd: 'ADAUSDT' } },
} as const;

describe.each(['kraken', 'binance'] as const)('POST /fetch with a symbol that %s has delisted', (name) => {
  const { sourceId, symbols } = BATCHES[name];
  const { sol_usd: delisted, ...healthy } = symbols;
  let fixture: FetchFixture;
  let server: ControlServer;

  beforeEach(async () => {
    fixture = await FetchFixture.start();
    server = await startControlServer(fixture.database.url);
    await server.rest();
  });
  afterEach(async () => {
    releaseDate();
    await server.stop();
    await fixture.stop();
  });

  it('has the prices of the others, and names the culprit', async () => {
    const upstream = new ExchangeUpstream(fixture.source, EXCHANGES[name], () => fixture.now());
    upstream.listed = Object.values(healthy);
    upstream.delisted.add(delisted);
    const { slot } = await fixture.slot(
      60,
      ...Object.entries(symbols).map(([ticker, sourceSymbol]) => ({
        ticker,
        sources: [{ sourceId, sourceSymbol, batch: 'usd' }],
      })),
    );
    // Nothing was planned for the slot that runs: the call is the one that is asked for.
    await fixture.database.pool.query('DELETE FROM fetches');
    setDate(slot * 1000 + 1_000);
    fixture.holdClock(slot * 1000 + 1_000);
    const ask = async () => (await server.ask('POST', '/fetch', {})).json['fetches'];
    const ofAll = (fields: (ticker: string) => object) =>
      expect.arrayContaining(
        Object.keys(symbols).map((ticker) => expect.objectContaining({ ticker, ...fields(ticker) })),
      );
    expect(await ask()).toEqual(ofAll(() => ({ source: name, timestamp: slot, state: 'fetching' })));
    await server.idle();
    await fixture.run({ sourceId, source: name, batch: 'usd', slot });
    expect(await pricesOf(fixture.database.pool, slot)).toEqual({ btc_usd: '100', eth_usd: '100', ada_usd: '100' });
    expect(await ask()).toEqual(
      ofAll((ticker) =>
        ticker === 'sol_usd'
          ? { state: 'sampled', outcome: 'failed', reason: 'not_found' }
          : { state: 'sampled', outcome: 'accepted', reason: null },
      ),
    );
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([
      { source: name, circuit_open_until: null, failures_in_a_row: 0, refused_symbols: [{ source_symbol: delisted }] },
    ]);
  });
});
