import { misspelt, retyped, RETYPED_AS, valueFaultText } from './spoil-price.js';

describe('what faults make of a price', () => {
  it.each([
    ['price', 'prce'],
    ['lastPrice', 'lstPrice'],
    ['priceUsd', 'prceUsd'],
    ['index_price', 'indx_price'],
    ['rates', 'rtes'],
    ['last', 'lst'],
    ['usd', 'usdd'],
    ['c', 'cc'],
  ])('renames %s to %s', (field, slip) => {
    expect(misspelt(field)).toBe(slip);
  });

  it.each([
    ['zero', '0'],
    ['negative', '-12.50'],
    ['absurd', '1e30'],
    ['off', undefined],
    ['frozen', undefined],
  ])('%s turns 12.50 into %s', (kind, text) => {
    expect(valueFaultText(kind, '12.50')).toBe(text);
  });

  it('retypes to the other one of string and number, or as it is told', () => {
    expect(retyped('12.50', 'string', undefined)).toBe('12.50');
    expect(retyped('12.50', 'number', undefined)).toBe('"12.50"');
    const texts = RETYPED_AS.map((type) => retyped('12.50', 'string', type));
    expect(texts).toEqual(['"12.50"', '12.50', 'null', 'true', '[12.50]', '{"value":12.50}', '"n/a"']);
    for (const text of texts) expect(() => JSON.parse(text)).not.toThrow();
  });
});
