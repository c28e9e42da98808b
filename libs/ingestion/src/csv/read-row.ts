import { plainDecimal, type AssetValues } from '@app/domain';
import { isoTime } from '@app/sources';
import { timeFault } from '../time-fault.js';
import type { CsvLayout } from './layouts.js';

/** A row of a file: what stands in each column. */
export type CsvRow = Readonly<Record<string, string>>;

/** Thrown for a row that cannot be read; the message says which column is wrong. */
export class RowFault extends Error {
  override readonly name = 'RowFault';
}

/** Reads a row by its layout. @param nowMs UNIX milliseconds; a day later is in the future. @throws RowFault */
export function readRow(row: CsvRow, layout: CsvLayout, nowMs: number): AssetValues {
  const { columns } = layout;
  const symbol = textOf(row, columns.symbol);
  return {
    assetId: columns.asset_id === undefined ? symbol.toLowerCase() : textOf(row, columns.asset_id),
    symbol,
    name: columns.name === undefined ? symbol : textOf(row, columns.name),
    priceUsd: amountOf(row, columns.price_usd, layout),
    marketCap: amountOf(row, columns.market_cap, layout),
    volume24h: amountOf(row, columns.volume_24h, layout),
    updatedAt: instantOf(row, layout, nowMs),
  };
}

function textOf(row: CsvRow, column: string): string {
  const text = row[column]?.trim() ?? '';
  if (text === '') throw new RowFault(`column ${column} is empty`);
  if (text.length > 200) throw new RowFault(`column ${column} has more than 200 characters`);
  return text;
}

/** Words that writers of CSV files put where they have no number. */
const NONE = /^(|-|n\/?a|nan|null|none)$/i;

function amountOf(row: CsvRow, column: string | undefined, { decimal }: CsvLayout): string | undefined {
  if (column === undefined) return undefined;
  const text = row[column]?.trim() ?? '';
  if (NONE.test(text)) return undefined;
  const amount = plainDecimal(withPoint(text.replace(/^\$\s*/, ''), decimal));
  if (amount === undefined || amount.startsWith('-'))
    throw new RowFault(`column ${column}: ${JSON.stringify(text.slice(0, 60))} is no amount`);
  return amount;
}

/** Thousands that are set apart are taken together, three and three, and nothing else is. */
function withPoint(text: string, decimal: CsvLayout['decimal']): string {
  const grouped = decimal === '.' ? /^\d{1,3}(,\d{3})+(\.\d*)?$/ : /^\d{1,3}(\.\d{3})+(,\d*)?$/;
  const plain = grouped.test(text) ? text.replaceAll(decimal === '.' ? ',' : '.', '') : text;
  return decimal === '.' ? plain : plain.replace(/^([^.]*),/, '$1.');
}

function instantOf(row: CsvRow, layout: CsvLayout, nowMs: number): Date {
  const column = layout.columns.updated_at;
  const text = textOf(row, column);
  const at = millisecondsOf(text, layout);
  if (at === undefined)
    throw new RowFault(`column ${column}: ${JSON.stringify(text)} is no ${DATE_WORDS[layout.date]}`);
  const fault = timeFault(new Date(at), nowMs);
  if (fault !== undefined) throw new RowFault(`column ${column}: ${fault}`);
  return new Date(at);
}

const DATE_WORDS: Readonly<Record<CsvLayout['date'], string>> = {
  iso: 'ISO date or time such as 2025-12-05 or 2025-12-05T14:00:00Z',
  seconds: 'number of UNIX seconds',
  milliseconds: 'number of UNIX milliseconds',
  day_first: 'date with the day first such as 05-12-2025',
  month_first: 'date with the month first such as 12/05/2025',
};

function millisecondsOf(text: string, { date, zone }: CsvLayout): number | undefined {
  switch (date) {
    case 'seconds':
      return /^\d{9,10}(\.\d+)?$/.test(text) ? Math.floor(Number(text) * 1000) : undefined;
    case 'milliseconds':
      return /^\d{12,13}$/.test(text) ? Number(text) : undefined;
    case 'iso':
      return isoTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text, zone);
    case 'day_first':
    case 'month_first':
      return numericDate(text, date, zone);
  }
}

const NUMERIC = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

function numericDate(text: string, date: 'day_first' | 'month_first', zone: string): number | undefined {
  const match = NUMERIC.exec(text);
  if (match === null) return undefined;
  const [, first = '', , second = '', year = '', hour = '0', minute = '00', seconds = '00'] = match;
  const [day, month] = date === 'day_first' ? [first, second] : [second, first];
  const two = (digits: string): string => digits.padStart(2, '0');
  return isoTime(`${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${seconds}`, zone);
}
