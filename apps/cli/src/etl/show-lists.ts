import { IngestionReader, ReadDatabase, type IngestionStatus } from '@app/storage';
import type { Terminal } from '../terminal.js';
import { withDatabase } from './with-database.js';

/** Where each list stands. */
export async function showStatus(terminal: Terminal, isJson: boolean): Promise<string> {
  const lists = await withDatabase(terminal, (pool) => new IngestionReader(new ReadDatabase(pool)).status());
  if (isJson) return `${JSON.stringify({ lists }, null, 2)}\n`;
  if (lists.length === 0) return 'No list was read yet: tidemark etl run --source coinpaprika\n';
  return lists.map((list) => describe(list)).join('\n');
}

/** A list in a few lines that fit a terminal, however long the names of its records are. */
function describe(list: IngestionStatus): string {
  const { source, runId, status, processed, written, unchanged, quarantined, lastProcessedId, lastProcessedAt } = list;
  const { repeated, missed, returned } = list;
  const shifted = [
    [repeated, 'came twice'],
    [missed, 'of the run before did not come'],
    [returned, 'came back'],
  ] as const;
  const last =
    lastProcessedId === null ? [] : [`last record: ${lastProcessedId}, at ${lastProcessedAt?.toISOString() ?? '-'}`];
  const lines = [
    `${source}: run ${runId} ${status}`,
    `${processed} records: ${written} written, ${unchanged} unchanged, ${quarantined} in quarantine`,
    ...(shifted.every(([count]) => count === 0)
      ? []
      : [`shifted between pages: ${shifted.map(([count, words]) => `${count} ${words}`).join(', ')}`]),
    ...last,
    ...(list.error === null ? [] : [`error: ${list.error}`]),
  ];
  return `${lines.join('\n  ')}\n`;
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
