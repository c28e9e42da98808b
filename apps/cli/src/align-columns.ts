import { wrapLines } from '@app/process';

/** Blanks between columns. */
const SPACING = 2;

/** No column is made narrower than this, in characters. */
const MIN_WIDTH = 8;

/**
 * Lines of a table: columns padded to their longest entry, two blanks between them. Where that is wider than it may be, the widest columns
 * are made narrower and their entries go on in further lines, broken between words where that is possible.
 * @param columns how wide a line may be, in characters.
 */
export function alignColumns(rows: readonly (readonly string[])[], columns: number): string {
  const widths = narrowed(
    rows.reduce<number[]>((widest, row) => row.map((cell, at) => Math.max(widest[at] ?? 0, cell.length)), []),
    columns,
  );
  return rows
    .flatMap((row) => {
      const cells = row.map((cell, at) => brokenCell(cell, widths[at] ?? 0));
      const height = Math.max(1, ...cells.map(({ length }) => length));
      return Array.from({ length: height }, (_, line) =>
        cells.map((cell, at) => (cell[line] ?? '').padEnd(widths[at] ?? 0)).join(' '.repeat(SPACING)),
      );
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** Widths that together fit: the widest gives first, down to the next one. */
function narrowed(widths: readonly number[], columns: number): number[] {
  const fitting = [...widths];
  const room = columns - SPACING * (widths.length - 1);
  for (let excess = sum(fitting) - room; excess > 0; excess -= 1) {
    const widest = fitting.indexOf(Math.max(...fitting));
    if ((fitting[widest] ?? 0) <= MIN_WIDTH) break;
    fitting[widest] = (fitting[widest] ?? 0) - 1;
  }
  return fitting;
}

/** The lines of one entry; a word that is longer than its column is cut into pieces, and no letter of it is lost. */
function brokenCell(cell: string, width: number): string[] {
  if (cell.length <= width) return [cell];
  return wrapLines(cell, width)
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${width}}`, 'gu')) ?? ['']);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
