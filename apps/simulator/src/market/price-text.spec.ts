import { exponentText, floatText, inverseText, roundedText } from './price-text.js';

describe('the text of a price', () => {
  it.each([
    [8_141_360, 2, '81413.6'],
    [721_200, 2, '7212.0'],
    [5, 2, '0.05'],
    [1, 6, '0.000001'],
  ])('of %i units with %i decimals is %s at Deribit', (units, decimals, text) => {
    expect(floatText(units, decimals)).toBe(text);
  });

  it.each([
    [437, 8, '4.37e-06'],
    [1, 5, '1.0e-05'],
    [1, 4, '0.0001'],
    [87_123_456_789_010, 9, '87123.45678901'],
  ])('of %i units with %i decimals is %s at CoinGecko', (units, decimals, text) => {
    expect(exponentText(units, decimals)).toBe(text);
  });

  it.each([
    ['88927.4321', 'usd', undefined, '88927'],
    ['10000', 'usd', undefined, '10000'],
    ['7197.4249', 'usd', undefined, '7197.42'],
    ['28.001', 'usd', undefined, '28.0'],
    ['0.169574123', 'usd', undefined, '0.169574'],
    ['0.0000124897349', 'usd', undefined, '1.24897e-05'],
    ['1.24897349e-05', 'usd', undefined, '1.24897e-05'],
    ['40.3449184', 'eth', undefined, '40.344918'],
    ['0.26975731', 'eth', undefined, '0.26975731'],
    ['0.009589531', 'eth', undefined, '0.00958953'],
    ['1.4e-10', 'btc', undefined, '1.4e-10'],
    ['88927.4321', 'usd', 'full', '88927.4321'],
    ['88927.4321', 'usd', '0', '88927'],
    ['88927.4321', 'usd', '3', '88927.432'],
    ['88927.4321', 'usd', '18', '88927.4321'],
    ['88927.4321', 'usd', '19', '88927'],
    ['88927.4321', 'usd', 'much', '88927'],
  ])('%s in %s with precision %s is %s', (full, currency, precision, text) => {
    expect(roundedText(full, currency, precision)).toBe(text);
  });

  it.each([
    ['87000', '0.0000114942528736'],
    ['0.0000124', '80645.1612903225806452'],
    ['2', '0.5'],
    ['1.0', '1.0'],
    ['0.5', '2.0'],
  ])('of which %s is the inverse is %s, with 16 decimals', (price, text) => {
    expect(inverseText(price)).toBe(text);
  });
});
