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
  });

  it('stands below the text beside a term, where that leaves room for text', () => {
    expect(wrapLines('  accepted  prices that passed all of the checks', 40)).toBe(
      '  accepted  prices that passed all of\n            the checks',
    );
    expect(wrapLines('  --from <time>  the first slot of a range', 41)).toBe(
      '  --from <time>  the first slot of a\n                 range',
    );
    expect(wrapLines('  accepted  prices that passed all of the checks', 20)).toBe(
      '  accepted  prices\nthat passed all of\nthe checks',
    );
    expect(wrapLines('  ten  one two three', 16, 3)).toBe('  ten  one two\n     three');
  });
});
