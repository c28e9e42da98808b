import type { Progress } from '@app/ingestion';
import type { Terminal } from '../terminal.js';

/** Between the ends of two pages the line is written once in so many milliseconds: where lines do not move, each stays. */
const SAY_EVERY_MS = 1_000;

/** Says how far a run is: at the end of each page, and once a second in between. @param say writes the line. */
export function progressLine(
  source: string,
  { columns, now }: Pick<Terminal, 'columns' | 'now'>,
  say: (line: string) => void,
): (done: Progress) => void {
  let saidMs = -Infinity;
  return (done) => {
    const isPageOver = done.pageDone === done.pageRecords;
    if (!isPageOver && now() - saidMs < SAY_EVERY_MS) return;
    saidMs = now();
    say(barOf(source, done, columns));
  };
}

/** How far the page in hand is: a bar, and the records. ora, which moves the line, has no bars. */
function barOf(source: string, { page, pageDone, pageRecords, processed }: Progress, columns: number): string {
  const words = ` ${pageDone} of ${pageRecords} records of page ${page}, ${processed} in all`;
  const width = Math.max(0, Math.min(30, columns - source.length - words.length - 6));
  const full = pageRecords === 0 ? width : Math.round((width * pageDone) / pageRecords);
  return `${source} ${'█'.repeat(full)}${'░'.repeat(width - full)}${words}`;
}
