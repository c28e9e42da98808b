/** No line is longer, however wide the terminal: longer ones are hard to read. */
const MAX_COLUMNS = 100;

/** The width of a terminal that does not say how wide it is, or says 0. */
const USUAL_COLUMNS = 80;

/** How wide a text for a person may be on this stream, in columns. */
export function readableColumns({ columns }: { readonly columns?: number | undefined }): number {
  return columns === undefined || columns <= 0 ? USUAL_COLUMNS : Math.min(columns, MAX_COLUMNS);
}

/**
 * Breaks lines that are longer than so many characters between their words; what fits stays as it is. What follows of a line stands
 * below its first word: in a list below the words after its mark, and below the text where a term and two blanks stand before that. A
 * word that is longer by itself stays whole: an address, a path and a command can be copied.
 * @param indent columns by which what follows of a line stands further to the right than the line, whatever stands in it.
 */
export function wrapLines(text: string, columns: number, indent?: number): string {
  return text
    .split('\n')
    .map((line) => (line.length <= columns ? line : wrapLine(line, columns, indent)))
    .join('\n');
}

/** The indentation of a line, and the mark of a list. */
const MARK = /^\s*([-*!] )?/;

/** The same, and one term (an option may have a value) with two blanks. */
const BEFORE_TEXT = /^\s*([-*!] |\S+( \S+)? {2,})?/;

/** Where less than this is left for the text beside a term, in characters, what follows begins at the margin. */
const MIN_TEXT_COLUMNS = 24;

function wrapLine(line: string, columns: number, indent: number | undefined): string {
  const before = (indent === undefined ? BEFORE_TEXT : MARK).exec(line)?.[0] ?? '';
  const below = before.length + (indent ?? 0);
  const isKept = indent !== undefined || before === (MARK.exec(line)?.[0] ?? '') || columns - below >= MIN_TEXT_COLUMNS;
  const lines: string[] = [];
  let current = before;
  let isEmpty = true;
  // A word with the spaces before it, which are kept within a line.
  for (const [part, spaces = '', word = ''] of line.slice(before.length).matchAll(/(\s*)(\S+)/g)) {
    if (!isEmpty && current.length + part.length > columns) {
      lines.push(current);
      current = isKept ? ' '.repeat(below) : '';
      isEmpty = true;
    }
    current += isEmpty ? word : `${spaces}${word}`;
    isEmpty = false;
  }
  return [...lines, current].join('\n');
}
