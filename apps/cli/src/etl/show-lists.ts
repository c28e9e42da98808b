import { IngestionReader, ReadDatabase } from '@app/storage';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { withDatabase } from './with-database.js';

/** Where each list stands. */
export async function showStatus(terminal: Terminal, isJson: boolean): Promise<string> {
  const lists = await withDatabase(terminal, (pool) => new IngestionReader(new ReadDatabase(pool)).status());
  if (isJson) return `${JSON.stringify({ lists }, null, 2)}\n`;
  if (lists.length === 0) return 'No list was read yet: tidemark etl run --source coinpaprika\n';
  const head = [
    'SOURCE',
    'RUN',
    'STATUS',
    'LAST RECORD',
    'AT',
    'PROCESSED',
    'WRITTEN',
    'QUARANTINED',
    'REPEATED',
    'MISSED',
    'RETURNED',
  ];
  const rows = lists.map((list) => [
    ...[list.source, String(list.runId), list.status, list.lastProcessedId ?? '-'],
    list.lastProcessedAt?.toISOString() ?? '-',
    ...[list.processed, list.written, list.quarantined, list.repeated, list.missed, list.returned].map(String),
  ]);
  const errors = lists.flatMap(({ source, error }) => (error === null ? [] : [`${source}: ${error}`]));
  return `${[alignColumns([head, ...rows], terminal.columns).trimEnd(), ...errors].join('\n')}\n`;
}

/** Records that could not be read. */
export async function showQuarantine(
  terminal: Terminal,
  { source, limit, isJson }: { readonly source: string | undefined; readonly limit: number; readonly isJson: boolean },
): Promise<string> {
  const records = await withDatabase(terminal, (pool) =>
    new IngestionReader(new ReadDatabase(pool)).quarantine(source, limit),
  );
  if (isJson) return `${JSON.stringify({ records }, null, 2)}\n`;
  if (records.length === 0) return 'Nothing is in quarantine.\n';
  return `${records.map((each) => `${each.source}, run ${each.runId}, ${each.place}: ${each.reason}`).join('\n')}\n`;
}
