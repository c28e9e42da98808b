import { type ListedRecord, valueAt } from '../contract/index.js';

/** The rows of a page, each by its field `id`. One without gets a name after its place, so that it is read, and found to be none. */
export function recordsOf(rows: readonly unknown[]): ListedRecord[] {
  return rows.map((row, index) => {
    const id = valueAt(row, ['id']);
    return { id: typeof id === 'string' && id !== '' ? id : `row ${String(index + 1).padStart(6, '0')}`, row };
  });
}
