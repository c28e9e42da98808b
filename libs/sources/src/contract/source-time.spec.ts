import { WireNumber } from './read-json.js';
import { wireMilliseconds, wireMillisecondsText, wireSeconds, wireSecondsText } from './source-time.js';

describe('the time of a source', () => {
  it.each([
    [wireSeconds, new WireNumber('1767265201')],
    [wireSecondsText, '1767265201'],
    [wireMilliseconds, new WireNumber('1767265201000')],
    [wireMillisecondsText, '1767265201000'],
  ])('is read in its unit and in its JSON type alone (%#)', (schema, value) => {
    expect(schema.parse(value)).toEqual(new Date(1_767_265_201_000));
    const text = typeof value === 'string' ? value : value.text;
    const otherUnit = text.length === 10 ? `${text}000` : text.slice(0, 10);
    expect(schema.safeParse(typeof value === 'string' ? new WireNumber(text) : text).success).toBe(false);
    expect(schema.safeParse(typeof value === 'string' ? otherUnit : new WireNumber(otherUnit)).success).toBe(false);
  });
});
