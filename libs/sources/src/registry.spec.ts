import { SOURCES, sourceById, sourceByName } from './registry.js';
import { faultsOfSource } from './testing/judge-contract.contract.js';

/** Ids of sources that are gone; they stay in databases. */
const RETIRED_IDS: readonly number[] = [];

describe('the registry of sources', () => {
  it('keeps the ids for ever, for they are stored with every sample', () => {
    expect(Object.fromEntries(SOURCES.map(({ name, id }) => [name, id]))).toMatchObject({
      deribit: 1,
      coingecko: 2,
      coinpaprika: 3,
      coincap: 4,
      binance: 5,
      coinbase: 6,
      kraken: 7,
      bitstamp: 8,
    });
  });

  it('gives ids in the order of the list, one after the other: a source that goes leaves its id in RETIRED_IDS', () => {
    const ids = SOURCES.map(({ id }) => id);
    const expected = Array.from({ length: ids.length + RETIRED_IDS.length }, (_, index) => index + 1);
    expect(ids).toEqual(expected.filter((id) => !RETIRED_IDS.includes(id)));
  });

  it.each(SOURCES.map((source) => [source.name, source] as const))('has all that is needed of %s', (_name, source) => {
    expect(faultsOfSource(source)).toEqual([]);
    for (const { baseUrl } of source.plans) expect(baseUrl).toMatch(/^https:/);
  });

  it('finds a source by its name and by its id', () => {
    expect(sourceByName('coingecko')).toBe(sourceById(2));
    expect(sourceByName('Deribit')).toBeUndefined();
    expect(sourceById(0)).toBeUndefined();
  });
});
