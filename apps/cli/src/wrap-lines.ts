/**
 * Breaks lines that are longer than so many characters between words, and indents what follows as the line: below its text, where a term
 * and two blanks stand before that. A word that is longer by itself stays whole: an address, a path and a command can be copied.
 */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (line.length <= columns ? line : wrapLine(line, columns)))
    .join('\n');
}

/** The text of a line begins after this: after its indentation, or after one term (an option may have a value) and two blanks. */
const BEFORE_TEXT = /^ *(\S+( \S+)? {2,})?/;

/** An indentation that leaves less than this for the text is not kept, in characters. */
const MIN_TEXT_COLUMNS = 24;

function wrapLine(line: string, columns: number): string {
  const before = BEFORE_TEXT.exec(line)?.[0] ?? '';
  const indent = columns - before.length < MIN_TEXT_COLUMNS ? '' : ' '.repeat(before.length);
  const lines: string[] = [];
  let current = before;
  let isEmpty = true;
  for (const word of line.slice(before.length).split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > columns) {
      lines.push(current.trimEnd());
      [current, isEmpty] = [indent, true];
    }
    current = isEmpty ? `${current}${word}` : `${current} ${word}`;
    isEmpty = false;
  }
  return [...lines, current.trimEnd()].join('\n');
}
