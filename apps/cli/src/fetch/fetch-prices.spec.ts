import { parseTicker, type Quote } from '@app/domain';
import { sourceByName, type RequestedTicker, type Source } from '@app/sources';
import { PriceFetch } from './fetch-prices.js';

const NOW = new Date('2026-01-01T12:00:00Z');

function knownSource(name: string): Source {
  const source = sourceByName(name);
  if (source === undefined) throw new Error(`no source ${name}`);
  return source;
}

/** Fetches `btc_usd` of Binance, which has it in Tether, at a rate as Coingecko would write it. */
async function bitcoinAt(rate: Partial<Quote>, inTether: string) {
  const parts = parseTicker('btc_usd');
  if (parts === undefined) throw new Error('btc_usd is no ticker');
  const fetch = new PriceFetch({
    sources: [knownSource('binance')],
    rateSources: [knownSource('coingecko')],
    client: {
      fetch: ({ name }: Source, [asked]: readonly RequestedTicker[]) => {
        const read = name === 'binance' ? { price: inTether } : rate;
        return Promise.resolve({
          readings: [{ ticker: asked?.ticker ?? '', price: '', sourceTime: undefined, ...read }],
          ...{ requestedAt: NOW, receivedAt: NOW, httpStatus: 200, latencyMs: 1, answeredAt: NOW, cachedAt: undefined },
          ...{ endpoint: 'prices', drifts: [] },
          call: { endpoint: 'prices', url: '', response: { status: 200, headers: {}, body: '' } },
        });
      },
      fetchNames: () => Promise.reject(new Error('nobody asks for names')),
    },
    ...{ now: () => NOW.getTime(), timeoutMs: 1_000, stablecoinsAtPar: false, say: () => undefined },
    take: () => Promise.resolve(true),
  });
  await fetch.run([{ parts, names: new Map() }]);
  return fetch.attempts.find(({ ticker }) => ticker === 'btc_usd');
}

describe('fetching a price that is converted', () => {
  it('gives the digits that are known of both', async () => {
    expect(await bitcoinAt({ price: '1.0010' }, '80001.00')).toMatchObject({ price: '80081', rate: '1.0010' });
  });

  it('knows it no better than a rate that is itself calculated', async () => {
    // 1 / 0.999 is 1.0010, to half a thousandth.
    expect(await bitcoinAt({ price: '0.999', inverted: true }, '80001.00')).toMatchObject({
      ...{ price: '80080', rate: '1.0010', uncertainty: '41.3' },
    });
    expect(await bitcoinAt({ price: '0.0000501', inverted: true }, '1.001')).toMatchObject({
      ...{ outcome: 'rejected', reason: 'imprecise', rate: '19960' },
    });
  });
});
