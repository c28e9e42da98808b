import { isZone } from '@app/sources';
import { readYaml, strictFields, YamlFileError } from '@app/yaml-file';
import { z } from 'zod';

/** Thrown when the layouts of CSV files cannot be used; names every fault and where it is. */
export class LayoutsError extends YamlFileError {
  override readonly name = 'LayoutsError';
}

const column = z.string().min(1);

const layout = strictFields(
  {
    file: z
      .string()
      .regex(/^[^/\\]+\.csv$/i, 'the name of a CSV file in the same folder, such as crypto_data.csv')
      .describe('Name of the file, in the folder of the layouts.'),
    columns: strictFields(
      {
        symbol: column,
        updated_at: column,
        asset_id: column.optional(),
        name: column.optional(),
        price_usd: column.optional(),
        market_cap: column.optional(),
        volume_24h: column.optional(),
      },
      'the columns of the file, such as { symbol: Ticker, updated_at: Date, price_usd: Close }',
    ),
    date: z.enum(['iso', 'seconds', 'milliseconds', 'day_first', 'month_first']).default('iso'),
    zone: z.string().refine(isZone, 'a zone such as UTC, +02:00 or Europe/Berlin').default('UTC'),
    delimiter: z.string().length(1, 'one character').default(','),
    decimal: z.enum(['.', ',']).default('.'),
  },
  'a layout, such as { file: crypto_data.csv, columns: { ... } }',
);

const layouts = strictFields({ files: z.array(layout).min(1, 'at least one file') }, 'files: and a list of them');

/** How a CSV file is read: which column is what, and how its dates and decimals are written. */
export type CsvLayout = z.output<typeof layout>;

/** The file, in the folder of the CSV files, that declares their layouts. */
export const LAYOUTS_FILE = 'layouts.yaml';

/** Reads the layouts of a folder's files, in the order of the files' names. @throws LayoutsError with every fault. */
export function readLayouts(text: string, of: string): CsvLayout[] {
  const { files } = readYaml(text, {
    of,
    schema: layouts,
    faultsOf: ({ files: all }) => doubled(all),
    error: LayoutsError,
  });
  return files.toSorted((left, right) => (left.file < right.file ? -1 : 1));
}

function doubled(files: readonly CsvLayout[]) {
  const names = files.map(({ file }) => file);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [{ parameter: `files.${index}.file`, sentence: `${name} is listed twice` }],
  );
}
