import { wrapLines } from './wrap-lines.js';

describe('wrapLines', () => {
  it('leaves lines that fit as they are, and breaks longer ones between words', () => {
    expect(wrapLines('one two\nthree  four', 12)).toBe('one two\nthree  four');
    expect(wrapLines('one two three four', 9)).toBe('one two\nthree\nfour');
  });

  it('indents what follows as the line is', () => {
    expect(wrapLines(`    ${'word '.repeat(12)}end`, 40)).toBe(
      '    word word word word word word word\n    word word word word word end',
    );
  });

  it('indents what follows below the text beside a term', () => {
    expect(wrapLines('  accepted  prices that passed all of the checks', 40)).toBe(
      '  accepted  prices that passed all of\n            the checks',
    );
  });

  it('keeps a word whole that is longer than a line', () => {
    expect(wrapLines('see https://example.org/a/very/long/path now', 20)).toBe(
      'see\nhttps://example.org/a/very/long/path\nnow',
    );
  });

  it('does not indent so far that there is no room for text', () => {
    expect(wrapLines(`${' '.repeat(20)}one two three`, 30)).toBe(`${' '.repeat(20)}one two\nthree`);
  });
});
