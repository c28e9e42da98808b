import { type ListedRecord, valueAt } from '../contract/index.js';

/** Longer ones are none: an index of Postgres would refuse them. */
const MAX_ID_LENGTH = 200;

/** The rows of a page, each by its field `id`. */
export function recordsOf(rows: readonly unknown[]): ListedRecord[] {
  return rows.map((row) => {
    const id = valueAt(row, ['id']);
    return { id: typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH ? id : undefined, row };
  });
}
