import fc from 'fast-check';
import { decodeCursor, encodeCursor, MAX_CURSOR_LENGTH } from './cursor.js';

describe('a cursor', () => {
  it('gives back what was put in', () => {
    const part = fc.oneof(fc.string({ maxLength: 63 }), fc.nat(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.nat(), (key, position) => {
        expect(decodeCursor(encodeCursor({ key, position }))).toEqual({ key, position });
      }),
    );
  });

  it('of the longest ticker is shorter than the limit', () => {
    const key = ['prices', 'a'.repeat(63), 'desc', 9_999_999_999, 9_999_999_999];
    expect(encodeCursor({ key, position: 9_999_999_999 }).length).toBeLessThan(MAX_CURSOR_LENGTH);
  });

  it.each([
    '',
    'abc',
    '{}',
    'W10',
    Buffer.from('[2,0]').toString('base64url'),
    Buffer.from('[1,-1]').toString('base64url'),
  ])('refuses %j, which is none', (text) => {
    expect(decodeCursor(text)).toBeUndefined();
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeCursor(text)));
  });
});
