import { foldedSymbol } from '@app/domain';
import { instantOf } from '../instant-of.js';
import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';

/** `etl`: reads lists of assets, and shows how they stand. @param fail is called when a run has failed. */
export function etlCommand(terminal: Terminal, fail: () => void): TidemarkCommand {
  const command = new TidemarkCommand('etl', terminal, TEXTS);
  command.addCommand(runCommand(terminal, fail));
  command.addCommand(statusCommand(terminal));
  command.addCommand(quarantineCommand(terminal));
  command.addCommand(reprocessCommand(terminal, fail));
  command.addCommand(assetsCommand(terminal));
  return command;
}

function runCommand(terminal: Terminal, fail: () => void): TidemarkCommand {
  const command = new TidemarkCommand('run', terminal, RUN_TEXTS);
  return command
    .neededOption('--source <name>', 'whose list: coingecko, coinpaprika, or csv')
    .option('--json', 'print one JSON object')
    .action(async (given: { source: string; json?: true }) => {
      // Only here: what leads to the database takes longer to load than all the rest.
      const { runList } = await import('./run-list.js');
      const end = await runList(terminal, given.source);
      terminal.print(given.json === true ? `${JSON.stringify(end)}\n` : `${end.sentence}\n`);
      if (end.status === 'failed') fail();
    });
}

function statusCommand(terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('status', terminal, STATUS_TEXTS);
  return command.option('--json', 'print one JSON object').action(async (given: { json?: true }) => {
    const { showStatus } = await import('./show-lists.js');
    terminal.print(await showStatus(terminal, given.json === true));
  });
}

function quarantineCommand(terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('quarantine', terminal, QUARANTINE_TEXTS);
  return command
    .option('--source <name>', 'of this list only')
    .option('--limit <count>', 'how many, the newest first', '20')
    .option('--json', 'print one JSON object')
    .action(async (given: { source?: string; limit: string; json?: true }) => {
      const limit = readLimit(given.limit);
      const { showQuarantine } = await import('./show-lists.js');
      terminal.print(await showQuarantine(terminal, { source: given.source, limit, isJson: given.json === true }));
    });
}

function reprocessCommand(terminal: Terminal, fail: () => void): TidemarkCommand {
  const command = new TidemarkCommand('reprocess', terminal, REPROCESS_TEXTS);
  return command
    .neededOption('--source <name>', 'whose raw records: coingecko, coinpaprika, or csv')
    .neededOption('--from <instant>', 'when the first of them came, inclusive')
    .neededOption('--to <instant>', 'end, exclusive')
    .option('--apply', 'store what differs')
    .option('--json', 'print one JSON object')
    .action(async (given: { source: string; from: string; to: string; apply?: true; json?: true }) => {
      const [from, to] = [instantOf('--from', given.from), instantOf('--to', given.to)];
      if (from >= to) throw new UsageError(`--from ${given.from} is not before --to ${given.to}.`);
      const { reprocessList } = await import('./reprocess-list.js');
      const isApplied = given.apply === true;
      const end = await reprocessList(terminal, { source: given.source, from, to, isApplied });
      terminal.print(given.json === true ? `${JSON.stringify(end.outcome, null, 2)}\n` : end.text);
      if (end.differs && !isApplied) fail();
    });
}

function assetsCommand(terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('assets', terminal, ASSETS_TEXTS);
  return command
    .option('--ambiguous', 'the symbols that mean no asset, instead of the assets')
    .option('--symbol <symbol>', 'of this symbol only')
    .option('--limit <count>', 'how many, those of the greatest assets first', '20')
    .option('--json', 'print one JSON object')
    .action(async (given: { ambiguous?: true; symbol?: string; limit: string; json?: true }) => {
      const limit = readLimit(given.limit);
      const { showAssets } = await import('./show-assets.js');
      const symbol = given.symbol === undefined ? undefined : foldedSymbol(given.symbol);
      const shown = { symbol, limit, isAmbiguous: given.ambiguous === true, isJson: given.json === true };
      terminal.print(await showAssets(terminal, shown));
    });
}

function readLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit === 0) throw new UsageError(`--limit ${text}: give a number from 1 to 9999.`);
  return limit;
}

const TEXTS = {
  summary: 'read lists of assets and CSV files',
  description: `Reads whole lists of assets beside the prices: those of CoinGecko and CoinPaprika, and the CSV files of ETL_CSV_DIR. Workers do it by themselves every ETL_INTERVAL_SECONDS; this is for those who prefer cron, and to look at what came of it.`,
  examples: ['tidemark etl status', 'tidemark etl run --source coinpaprika', 'tidemark etl assets --ambiguous'],
} as const;

const RUN_TEXTS = {
  summary: 'read a list now',
  description: `Reads a list once, from where the run before it ended: a run that failed or was killed leaves its page in the database, and the next one goes on with the record after the last one that was stored.

Is refused while another run of the same list is under way. Calls are counted together with those of the workers, and wait until the limit of their source has room.

Ends with status 0 when the list was read to its end, with 1 when the run failed.`,
  examples: ['tidemark etl run --source coinpaprika', 'FAIL_AFTER_N_RECORDS=10 tidemark etl run --source coingecko'],
} as const;

const STATUS_TEXTS = {
  summary: 'show where each list stands',
  description: 'Shows of each list its newest run, and the record that was processed last.',
  examples: ['tidemark etl status', 'tidemark etl status --json'],
} as const;

const QUARANTINE_TEXTS = {
  summary: 'show records that could not be read',
  description: 'Shows records that could not be read, with their place and the reason, the newest first.',
  examples: ['tidemark etl quarantine', 'tidemark etl quarantine --source csv --limit 100 --json'],
} as const;

const REPROCESS_TEXTS = {
  summary: "read stored raw records again with today's rules",
  description: `Reads the raw records of a list once more, as they would be read today, and prints where that differs from the values and assets that are stored, and which records leave the quarantine or come into it.

An instant is in UNIX seconds, or as ISO 8601 in UTC: 1766000000, 2025-12-17, 2025-12-17T19:33:20Z. It is when a record came, and not the time that it speaks of.

With --apply it stores what differs, batch by batch: what was stored when it was interrupted does not differ any more when it runs again. What a later record says of the same time is never overwritten, and runs may be under way meanwhile. A value under a time that no record names any more stays.

Needs the raw records: those of the last ETL_RAW_RETENTION_DAYS are kept. Those of csv are read by the layouts of ETL_CSV_DIR.

Ends with status 0 when nothing differs or all that did was stored, with 1 when something differs, with 2 when asked wrongly or when no raw record of these times is kept.`,
  examples: [
    'tidemark etl reprocess --source csv --from 2025-12-01 --to 2025-12-18',
    'tidemark etl reprocess --source coingecko --from 2025-12-17 --to 2025-12-18 --apply',
  ],
} as const;

const ASSETS_TEXTS = {
  summary: 'show which assets of different sources are one',
  description: `Shows the assets of all lists with what each source calls them. Assets of two sources are one when a rule says so, or when symbol and name are the same and each source has them once; what neither decides is left apart.

With --ambiguous: the symbols that mean no asset, since several have them. Nothing is guessed there: a rule in the file of ETL_LINKS_FILE says which one is meant (docs/assets-identity.md).`,
  examples: ['tidemark etl assets', 'tidemark etl assets --symbol btc', 'tidemark etl assets --ambiguous --limit 100'],
} as const;
