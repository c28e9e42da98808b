import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, CsvError } from 'csv-parse';
import type { RawRecord, ReadRecord, RecordPage } from '@app/domain';
import { readSettingFile } from '@app/yaml-file';
import type { RecordList } from '../record-list.js';
import { LAYOUTS_FILE, LayoutsError, readLayouts, type CsvLayout } from './layouts.js';
import { readRow, RowFault, type CsvRow } from './read-row.js';

/** Rows of a page: what is in memory at once. */
const PAGE_ROWS = 5_000;

/** A page of long rows ends sooner, in bytes. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/** A longer row is none, in bytes: more likely it is the rest of a file behind a quote that is not closed. */
const MAX_ROW_BYTES = 8 * 1024 * 1024;

/** So many bytes before a place say whether the file is still the same there. */
const MARK_BYTES = 64;

/** How the files of a folder are read. */
export interface CsvListOptions {
  /** The clock, UNIX milliseconds. */
  readonly now: () => number;
  /** Rows of a page; default 5,000. */
  readonly pageRows?: number;
  /** The page ends after so many bytes; default 16 MiB. */
  readonly maxPageBytes?: number;
  /** A longer row ends the run; default 8 MiB. */
  readonly maxRowBytes?: number;
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
  /** Made of the bytes before it: in a file that was written anew they are others. */
  readonly mark: string;
}

const beginningOf = (file: string): Place => ({ file, bytes: 0, line: 0, mark: '' });

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
    firstPage: placeText(beginningOf(first?.file ?? '')),
    fetchPage: (page, signal) => readPage(folder, layouts, page, { ...options, signal }),
    read: (record) => readRecord(record, byFile, options.now()),
  };
}

async function readPage(
  folder: string,
  layouts: readonly CsvLayout[],
  page: string,
  { now, ...options }: CsvListOptions & { readonly signal: AbortSignal },
): Promise<RecordPage> {
  const index = layouts.findIndex(({ file }) => page.startsWith(`${file}@`));
  // A file whose layout was taken away in the middle: what comes after it in the order of names.
  const layout = layouts[index] ?? layouts.find(({ file }) => `${file}@` > page);
  if (layout === undefined) return { page, nextPage: null, fetchedAt: new Date(now()), records: [] };
  const asked = index === -1 ? beginningOf(layout.file) : placeOf(page, layout.file);
  const path = join(folder, layout.file);
  const next = layouts[layouts.indexOf(layout) + 1];
  const nextFile = next === undefined ? null : placeText(beginningOf(next.file));
  const mark = await markAt(path, asked.bytes);
  if (mark === undefined) {
    const fault = `${layout.file} is declared in ${LAYOUTS_FILE}, and is not in the folder`;
    const records = asked.bytes === 0 ? [faultOf(layout.file, fault)] : [];
    return { page, nextPage: nextFile, fetchedAt: new Date(now()), records };
  }
  // One that was written anew is read from its beginning.
  const place = mark === asked.mark ? asked : beginningOf(layout.file);
  const header = await readHeader(path, layout);
  if (typeof header === 'string')
    return { page, nextPage: nextFile, fetchedAt: new Date(now()), records: [faultOf(layout.file, header)] };
  const { records, end } = await readRows(path, layout, { place, header, ...options });
  const nextPage = end === undefined ? nextFile : placeText({ ...end, mark: (await markAt(path, end.bytes)) ?? '' });
  return { page, nextPage, fetchedAt: new Date(now()), records };
}

/** What the bytes before a place say, in some characters; undefined when the file is gone. */
async function markAt(path: string, bytes: number): Promise<string | undefined> {
  const length = Math.min(bytes, MARK_BYTES);
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, bytes - length);
      if (length === 0) return '';
      return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns what is wrong with a file that has no such header. */
async function readHeader(path: string, layout: CsvLayout): Promise<string[] | string> {
  const stream = createReadStream(path);
  const parser = stream.pipe(parse({ ...dialect(layout), to: 1 }));
  stream.on('error', (error) => parser.destroy(error));
  try {
    for await (const row of parser) {
      const header = (row as string[]).map((name) => storable(name).trim());
      const missing = Object.values(layout.columns).filter((name) => !header.includes(name));
      if (missing.length > 0) return `${layout.file} has no column ${missing.join(', ')}; it has ${header.join(', ')}`;
      return header;
    }
    return `${layout.file} is empty`;
  } finally {
    // The rest of a long file would stay open.
    stream.destroy();
  }
}

interface RowsOptions extends Omit<CsvListOptions, 'now'> {
  readonly place: Place;
  readonly header: readonly string[];
  readonly signal: AbortSignal;
  /** The last line that is read; default: that of the file. */
  readonly toLine?: number;
}

async function readRows(
  path: string,
  layout: CsvLayout,
  options: RowsOptions,
): Promise<{ records: RawRecord[]; end: Omit<Place, 'mark'> | undefined }> {
  const { place, header, signal, toLine, ...sizes } = options;
  const { pageRows = PAGE_ROWS, maxPageBytes = MAX_PAGE_BYTES, maxRowBytes = MAX_ROW_BYTES } = sizes;
  const stream = createReadStream(path, { start: place.bytes, signal });
  const parser = stream.pipe(
    parse({ ...dialect(layout), info: true, max_record_size: maxRowBytes, to_line: toLine ?? -1 }),
  );
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
      if (records.length === pageRows || info.bytes >= maxPageBytes)
        return { records, end: { file: layout.file, bytes: place.bytes + info.bytes, line } };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const said =
      error.code === 'CSV_MAX_RECORD_SIZE'
        ? `a row has more than ${maxRowBytes} bytes; perhaps a quote is not closed`
        : error.message;
    const line = Number(error['lines']);
    const fault = faultOf(layout.file, `line ${place.line + line}: ${said}`);
    // The rows before it, of which the parser forgets some, can be read, and so can the files after it.
    const isBefore = toLine === undefined && line > 1;
    const before = isBefore ? await readRows(path, layout, { ...options, toLine: line - 1 }) : { records: [] };
    return { records: [...before.records.filter(({ place: at }) => at !== layout.file), fault], end: undefined };
  } finally {
    stream.destroy();
  }
  return { records, end: undefined };
}

function dialect({ delimiter }: CsvLayout) {
  // A row with more or fewer fields is one bad row, and no end of the file.
  return { bom: true, delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const;
}

/** A file, or the rest of one, that cannot be read: one record, after all of its lines. */
function faultOf(file: string, fault: string): RawRecord {
  return { id: `${file}:${'9'.repeat(LINE_DIGITS)}`, place: file, payload: JSON.stringify({ [FAULT]: fault }) };
}

/** No column can be called so. */
const FAULT = '';

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function rawOf(file: string, line: number, header: readonly string[], fields: readonly string[]): RawRecord {
  const safe = fields.map(storable);
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
  if (record.place === layout.file && !Array.isArray(row)) return { ...record, fault: row[FAULT] ?? '' };
  if (Array.isArray(row)) return { ...record, fault: `has ${row.length} fields, and not as many as the header` };
  try {
    return { ...record, asset: readRow(row, layout, nowMs) };
  } catch (error) {
    if (error instanceof RowFault) return { ...record, fault: error.message };
    throw error;
  }
}

function placeText({ file, bytes, line, mark }: Place): string {
  return `${file}@${bytes}:${line}:${mark}`;
}

function placeOf(page: string, file: string): Place {
  const [bytes, line, mark = ''] = page.slice(file.length + 1).split(':');
  return { file, bytes: Number(bytes ?? 0), line: Number(line ?? 0), mark };
}
