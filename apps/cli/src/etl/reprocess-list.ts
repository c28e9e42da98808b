import { openList, reprocess, type ReprocessOutcome } from '@app/ingestion';
import { SourceClient, SOURCES } from '@app/sources';
import {
  checkMode,
  ReprocessRepository,
  SourceStateRepository,
  type RereadRange,
  type ShownValues,
  type ValueDifference,
} from '@app/storage';
import { readCliSettings } from '../cli-settings.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { readIngestionSettings, withDatabase } from './with-database.js';

/** What it came to, for programs and for people. */
export interface ReprocessEnd {
  readonly outcome: ReprocessOutcome & { readonly source: string; readonly applied: boolean };
  readonly differs: boolean;
  readonly text: string;
}

/** Reads raw records of a list anew. @throws UsageError when none of the range is kept. */
export async function reprocessList(
  terminal: Terminal,
  { isApplied, ...range }: RereadRange & { readonly isApplied: boolean },
): Promise<ReprocessEnd> {
  const lists = readIngestionSettings(terminal);
  const { settings, access } = readCliSettings(terminal, SOURCES);
  const now = () => terminal.now();
  // It opens the list and is never asked.
  const client = new SourceClient({ access, now });
  const progress = terminal.progress();
  try {
    return await withDatabase(terminal, async (pool) => {
      await checkMode(pool, lists.TIDEMARK_MODE);
      const list = await openList(range.source, {
        ...{ client, driftPolicy: settings.DRIFT_POLICY, csvFolder: lists.ETL_CSV_DIR, takeCall: undefined, now },
        states: new SourceStateRepository(pool),
      });
      const connection = await pool.connect();
      try {
        const records = await ReprocessRepository.open(connection, range);
        const outcome = await reprocess(list, {
          ...{ records, isApplied, signal: terminal.signal ?? new AbortController().signal },
          onProgress: (read) => progress.say(`${read} raw records of ${range.source} read`),
        });
        if (outcome.read === 0) throw new UsageError(nothingKept(range, await records.kept()));
        const { different, missing, readable, unreadable } = outcome;
        return {
          outcome: { source: range.source, applied: isApplied, ...outcome },
          differs: different + missing + readable + unreadable > 0,
          text: textOf(range.source, outcome, isApplied),
        };
      } finally {
        // With its temporary table.
        connection.release(true);
      }
    });
  } finally {
    progress.end();
    client.close();
  }
}

function nothingKept(
  { source, from, to }: RereadRange,
  kept: { readonly first: Date; readonly last: Date } | undefined,
): string {
  const [first, end] = [from, to].map((seconds) => new Date(seconds * 1000).toISOString());
  const others =
    kept === undefined
      ? `none at all: tidemark etl run --source ${source}`
      : `those that came from ${kept.first.toISOString()} to ${kept.last.toISOString()} are: give times between them with --from and --to`;
  return `No raw record of ${source} that came from ${first} to ${end} is kept; ${others}.`;
}

function textOf(source: string, outcome: ReprocessOutcome, isApplied: boolean): string {
  const { read, different, missing, readable, unreadable, examples } = outcome;
  const total = different + missing + readable + unreadable;
  const lines = [
    `${read} raw records of ${source}: ${different} values are stored otherwise, ${missing} are not stored; ${readable} records leave the quarantine, ${unreadable} come into it.`,
    ...examples.values.map((each) => `  ${valueLine(each)}`),
    ...examples.readable.map((id) => `  ${id}: can be read now`),
    ...examples.unreadable.map(({ id, reason }) => `  ${id}: ${reason}`),
    ...(total === 0 ? [] : [isApplied ? 'It is stored.' : 'Nothing is stored: --apply does it.']),
  ];
  return `${lines.join('\n')}\n`;
}

const FIELDS = [
  ['symbol', 'symbol'],
  ['name', 'name'],
  ['price_usd', 'priceUsd'],
  ['market_cap', 'marketCap'],
  ['volume_24h', 'volume24h'],
] as const satisfies readonly (readonly [string, keyof ShownValues])[];

function valueLine({ assetId, updatedAt, stored, reread }: ValueDifference): string {
  const place = `${assetId} at ${updatedAt.toISOString()}`;
  if (stored === null) return `${place}: not stored, price_usd ${reread.priceUsd ?? 'none'} is read`;
  const fields = FIELDS.filter(
    ([, key]) => stored[key] !== reread[key] && !(stored[key] === null && (key === 'symbol' || key === 'name')),
  );
  const words = fields.map(
    ([name, key]) => `${name} ${stored[key] ?? 'none'} is stored, ${reread[key] ?? 'none'} read`,
  );
  return `${place}: ${words.length === 0 ? 'is not what its asset says' : words.join('; ')}`;
}
