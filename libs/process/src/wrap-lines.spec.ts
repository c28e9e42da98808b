import { readableColumns, wrapLines } from './wrap-lines.js';

describe('the width of a text', () => {
  it.each([
    [undefined, 80],
    [0, 80],
    [-1, 80],
    [60, 60],
    [80, 80],
    [240, 100],
  ])('is on a terminal of %s columns %i', (columns, width) => expect(readableColumns({ columns })).toBe(width));
});

describe('a line that is too long', () => {
  it('is broken between words, and what follows stands below its first word', () => {
    expect(wrapLines('  one two three four', 10)).toBe('  one two\n  three\n  four');
  });

  it('stands below the words of its list, not below the mark', () => {
    expect(wrapLines('Wrong:\n  - one two three four', 12)).toBe('Wrong:\n  - one two\n    three\n    four');
  });

  it('may stand further to the right from its second row on', () => {
    expect(wrapLines('one two three', 8, 3)).toBe('one two\n   three');
  });

  it('keeps addresses and paths whole, also on a terminal of one column', () => {
    expect(wrapLines('see http://127.0.0.1:8000/docs now', 10)).toBe('see\nhttp://127.0.0.1:8000/docs\nnow');
    expect(wrapLines('ab cd', 1)).toBe('ab\ncd');
  });

  it('keeps what fits as it is, also the spaces of a table or of a piece of a file', () => {
    const text = 'a   b\n\n  tickers: [\n           ^';
    expect(wrapLines(text, 20)).toBe(text);
    expect(wrapLines('  API          http://127.0.0.1:8000 one two', 40)).toBe(
      '  API          http://127.0.0.1:8000 one\n  two',
    );
  });
});
