import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, CsvError } from 'csv-parse';
import type { RawRecord, ReadRecord, RecordPage } from '@app/domain';
import { readSettingFile } from '@app/yaml-file';
import type { RecordList } from '../record-list.js';
import { LAYOUTS_FILE, LayoutsError, readLayouts, type CsvLayout } from './layouts.js';
import { readRow, RowFault, type CsvRow } from './read-row.js';

/** Rows of a page: what is in memory at once. */
const PAGE_ROWS = 5_000;

/** How the files of a folder are read. */
export interface CsvListOptions {
  /** The clock, UNIX milliseconds. */
  readonly now: () => number;
  /** Rows of a page; default 5,000. */
  readonly pageRows?: number;
}

/** So many digits of a line's number stand in the id of its record, so that ids are in the order of lines. */
const LINE_DIGITS = 9;

/** Where a page begins: a file, and how much of it comes before. */
interface Place {
  readonly file: string;
  /** Bytes before it; 0 at the header. */
  readonly bytes: number;
  /** Lines before it. */
  readonly line: number;
}

/**
 * The CSV files of a folder, each by its declared layout, in the order of their names.
 * @throws LayoutsError when the layouts cannot be used.
 */
export async function csvRecordList(folder: string, options: CsvListOptions): Promise<RecordList> {
  const file = join(folder, LAYOUTS_FILE);
  const layouts = readLayouts(await readSettingFile('ETL_CSV_DIR', file, LayoutsError), `ETL_CSV_DIR ${file}`);
  const byFile = new Map(layouts.map((layout) => [layout.file, layout]));
  const [first] = layouts;
  return {
    source: 'csv',
    firstPage: placeText({ file: first?.file ?? '', bytes: 0, line: 0 }),
    fetchPage: (page, signal) => readPage(folder, layouts, page, { ...options, signal }),
    read: (record) => readRecord(record, byFile, options.now()),
  };
}

async function readPage(
  folder: string,
  layouts: readonly CsvLayout[],
  page: string,
  { signal, now, pageRows = PAGE_ROWS }: CsvListOptions & { readonly signal: AbortSignal },
): Promise<RecordPage> {
  const index = layouts.findIndex(({ file }) => page.startsWith(`${file}@`));
  // A file whose layout was taken away in the middle: what comes after it in the order of names.
  const layout = layouts[index] ?? layouts.find(({ file }) => `${file}@` > page);
  if (layout === undefined) return { page, nextPage: null, fetchedAt: new Date(now()), records: [] };
  const asked = index === -1 ? { file: layout.file, bytes: 0, line: 0 } : placeOf(page, layout.file);
  const path = join(folder, layout.file);
  // One that has become shorter was written anew.
  const place = (await stat(path)).size < asked.bytes ? { ...asked, bytes: 0, line: 0 } : asked;
  const header = await readHeader(path, layout);
  const { records, end } = await readRows(path, layout, { place, header, pageRows, signal });
  const next = layouts[layouts.indexOf(layout) + 1];
  const nextFile = next === undefined ? null : placeText({ file: next.file, bytes: 0, line: 0 });
  return { page, nextPage: end === undefined ? nextFile : placeText(end), fetchedAt: new Date(now()), records };
}

async function readHeader(path: string, layout: CsvLayout): Promise<string[]> {
  const parser = createReadStream(path).pipe(parse({ ...dialect(layout), to: 1 }));
  for await (const row of parser) {
    const header = (row as string[]).map((name) => name.trim());
    const missing = Object.values(layout.columns).filter((name) => !header.includes(name));
    if (missing.length > 0)
      throw new Error(`${layout.file} has no column ${missing.join(', ')}; it has ${header.join(', ')}`);
    return header;
  }
  throw new Error(`${layout.file} is empty`);
}

interface RowsOptions {
  readonly place: Place;
  readonly header: readonly string[];
  readonly pageRows: number;
  readonly signal: AbortSignal;
}

async function readRows(
  path: string,
  layout: CsvLayout,
  { place, header, pageRows, signal }: RowsOptions,
): Promise<{ records: RawRecord[]; end: Place | undefined }> {
  const stream = createReadStream(path, { start: place.bytes, signal });
  const parser = stream.pipe(parse({ ...dialect(layout), info: true }));
  stream.on('error', (error) => parser.destroy(error));
  const records: RawRecord[] = [];
  // The header itself, at the beginning of a file.
  let isHeader = place.bytes === 0;
  try {
    for await (const parsed of parser) {
      const { info, record } = parsed as { info: { bytes: number; lines: number }; record: string[] };
      const line = place.line + info.lines;
      if (!isHeader) records.push(rawOf(layout.file, line, header, record));
      isHeader = false;
      if (records.length === pageRows)
        return { records, end: { file: layout.file, bytes: place.bytes + info.bytes, line } };
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new Error(`${layout.file}, line ${place.line + Number(error['lines'])}: ${error.message}`, {
        cause: error,
      });
    throw error;
  } finally {
    stream.destroy();
  }
  return { records, end: undefined };
}

function dialect({ delimiter }: CsvLayout) {
  // A row with more or fewer fields is one bad row, and no end of the file.
  return { bom: true, delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const;
}

function rawOf(file: string, line: number, header: readonly string[], fields: readonly string[]): RawRecord {
  const safe = fields.map((field) => field.toWellFormed().replaceAll('\0', '\uFFFD'));
  const row = Object.fromEntries(header.map((name, index) => [name, safe[index]]));
  return {
    id: `${file}:${String(line).padStart(LINE_DIGITS, '0')}`,
    place: `${file}, line ${line}`,
    payload: JSON.stringify(fields.length === header.length ? row : safe),
  };
}

function readRecord(record: RawRecord, layouts: ReadonlyMap<string, CsvLayout>, nowMs: number): ReadRecord {
  const layout = layouts.get(record.id.slice(0, -LINE_DIGITS - 1));
  const row = JSON.parse(record.payload) as CsvRow | string[];
  if (layout === undefined) return { ...record, fault: 'its file has no layout any more' };
  if (Array.isArray(row)) return { ...record, fault: `has ${row.length} fields, and not as many as the header` };
  try {
    return { ...record, asset: readRow(row, layout, nowMs) };
  } catch (error) {
    if (error instanceof RowFault) return { ...record, fault: error.message };
    throw error;
  }
}

function placeText({ file, bytes, line }: Place): string {
  return `${file}@${bytes}:${line}`;
}

function placeOf(page: string, file: string): Place {
  const [bytes, line] = page
    .slice(file.length + 1)
    .split(':')
    .map(Number);
  return { file, bytes: bytes ?? 0, line: line ?? 0 };
}
