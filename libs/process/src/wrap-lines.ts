/** No line is longer, however wide the terminal: longer ones are hard to read. */
const MAX_COLUMNS = 100;

/** The width of a terminal that does not say how wide it is, or says 0. */
const USUAL_COLUMNS = 80;

/** How wide a text for a person may be on this stream, in columns. */
export function readableColumns({ columns }: { readonly columns?: number | undefined }): number {
  return columns === undefined || columns <= 0 ? USUAL_COLUMNS : Math.min(columns, MAX_COLUMNS);
}

/**
 * Breaks lines that are too long between their words; what fits stays as it is. What follows of a line stands below its first word,
 * of one of a list below the words after its mark. A word that is longer than a line, such as an address or a path, is not broken.
 * @param indent columns by which what follows of a line stands further to the right; default: none.
 */
export function wrapLines(text: string, columns: number, indent?: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns, indent))
    .join('\n');
}

function wrapLine(line: string, columns: number, indent: number | undefined): string {
  if (line.length <= columns) return line;
  const mark = /^\s*([-*!] )?/.exec(line)?.[0] ?? '';
  const below = ' '.repeat(mark.length + (indent ?? 0));
  const lines: string[] = [];
  let current = mark;
  let isEmpty = true;
  // A word with the spaces before it, which are kept within a line.
  for (const [part, spaces = '', word = ''] of line.slice(mark.length).matchAll(/(\s*)(\S+)/g)) {
    if (!isEmpty && current.length + part.length > columns) {
      lines.push(current);
      current = below;
      isEmpty = true;
    }
    current += isEmpty ? word : `${spaces}${word}`;
    isEmpty = false;
  }
  return [...lines, current].join('\n');
}
