import { SOURCES, sourceById, sourceByName } from './registry.js';

describe('the registry of sources', () => {
  it('keeps the ids for ever, for they are stored with every sample', () => {
    expect(Object.fromEntries(SOURCES.map(({ name, id }) => [name, id]))).toEqual({
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

  it('has no id and no name twice, and addresses without a slash at the end', () => {
    expect(new Set(SOURCES.map(({ id }) => id)).size).toBe(SOURCES.length);
    expect(new Set(SOURCES.map(({ name }) => name)).size).toBe(SOURCES.length);
    for (const source of SOURCES) {
      expect(source.id).toBeLessThanOrEqual(32_767);
      for (const { baseUrl, limit, monthly } of source.plans) {
        expect(baseUrl).toMatch(/^https:\/\/.*[^/]$/);
        expect(limit.calls / limit.perSeconds).toBeGreaterThan(0);
        expect(limit.origin).not.toBe('');
        expect(monthly?.credits ?? 1).toBeGreaterThan(0);
      }
    }
  });

  it('finds a source by its name and by its id', () => {
    expect(sourceByName('coingecko')).toBe(sourceById(2));
    expect(sourceByName('Deribit')).toBeUndefined();
    expect(sourceById(0)).toBeUndefined();
  });
});
