import type { Quote } from '@app/domain';
import { z } from 'zod';
import type { AnswerReader } from './answer-reader.js';
import { valueAt } from './drift.js';
import type { FieldPath } from './drifted-field.js';
import { SourceError } from './source-error.js';
import type { RequestedTicker, SourceReading } from './source-message.js';

/** A list in an answer in which every row says what it is of. */
export interface RowList {
  readonly rows: readonly unknown[];
  /** Where the list stands in the answer. */
  readonly at: FieldPath;
  /** The field that names a row, e.g. `id`; it has to be in the schema that `read` holds a row against. */
  readonly nameField: string;
  /** What every row has, whatever it is of: a list of other things must not pass for one without the tickers. */
  readonly outline: z.ZodType;
}

/** Where the rows are that were asked for. */
interface Places {
  readonly named: ReadonlyMap<string, readonly number[]>;
  /** The first row that has no name. */
  readonly nameless: number | undefined;
}

/**
 * Reads the rows of the asked tickers. The rows of others are only looked at for their name: a list of some thousands
 * costs no schema check for each.
 * @param read gives undefined for a ticker whose row has no price.
 * @throws SourceError `drift` when nothing fits.
 */
export function readRows(
  reader: AnswerReader,
  list: RowList,
  tickers: readonly RequestedTicker[],
  read: (asked: RequestedTicker, row: unknown, at: FieldPath) => Quote | undefined,
): SourceReading[] {
  const { named, nameless } = placesOf(list, new Set(tickers.map(({ sourceSymbol }) => sourceSymbol)));
  if (named.size === 0 && nameless === undefined && list.rows.length > 0) {
    reader.shape(list.outline, list.rows[0], [...list.at, '0']);
  }
  return reader.each(tickers, (asked) => {
    const [first, second] = named.get(asked.sourceSymbol) ?? [];
    if (second !== undefined) {
      throw new SourceError('drift', reader.source, `${asked.sourceSymbol} stands in rows ${first} and ${second}`);
    }
    const position = first ?? (nameless === undefined ? undefined : placeOfRenamed(reader, list, nameless, asked));
    return position === undefined ? undefined : read(asked, list.rows[position], [...list.at, String(position)]);
  });
}

function placesOf({ rows, nameField }: RowList, wanted: ReadonlySet<string>): Places {
  const named = new Map<string, number[]>();
  let nameless: number | undefined;
  rows.forEach((row, position) => {
    const name = valueAt(row, [nameField]);
    if (typeof name !== 'string') nameless ??= position;
    else if (wanted.has(name)) named.set(name, [...(named.get(name) ?? []), position]);
  });
  return { named, nameless };
}

/**
 * A ticker that cannot be found while some row has no name may be in that very row, so it is drift and not absent. When
 * drift is mapped, the row is looked for by the field that looks like the name.
 * @throws SourceError `drift`
 */
function placeOfRenamed(
  reader: AnswerReader,
  { rows, at, nameField }: RowList,
  nameless: number,
  asked: RequestedTicker,
): number | undefined {
  reader.shape(z.object({ [nameField]: z.string() }), rows[nameless], [...at, String(nameless)]);
  const near = reader.drifts.at(-1)?.near?.at(-1);
  const position = near === undefined ? -1 : rows.findIndex((row) => valueAt(row, [near]) === asked.sourceSymbol);
  return position === -1 ? undefined : position;
}
