import { instantOf } from '../instant-of.js';
import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';

/** What is to be replayed. */
export interface ReplayArguments {
  /** UNIX seconds, inclusive. */
  readonly from: number;
  /** UNIX seconds, exclusive. */
  readonly to: number;
  /** Undefined: all of them. */
  readonly source: string | undefined;
  readonly apply: boolean;
}

/** The command line of the replay. @param work receives what was asked; it is not called when that is wrong, or help was asked for. */
export function replayCommand(terminal: Terminal, work: (given: ReplayArguments) => Promise<void>): TidemarkCommand {
  const command = new TidemarkCommand('replay', terminal, TEXTS);
  command
    .neededOption('--from <instant>', 'first slot, inclusive')
    .neededOption('--to <instant>', 'end, exclusive')
    .option('--source <name>', 'source; without it all of them', 'all')
    .option('--apply [yes]', 'store what differs as a new revision: 1')
    .action(async (given: { from: string; to: string; source: string; apply?: string | true }) => {
      const [from, to] = [instantOf('FROM', given.from), instantOf('TO', given.to)];
      if (from >= to) throw new UsageError(`FROM ${given.from} is not before TO ${given.to}.`);
      await work({ from, to, source: given.source === 'all' ? undefined : given.source, apply: isYes(given.apply) });
    });
  return command.addText(EXIT_STATUSES);
}

const TEXTS = {
  summary: "read stored answers again with today's parsers",
  description: `Reads the stored answers of sources once more with today's parser and checks, and prints what would stand otherwise.

An instant is in UNIX seconds, or as ISO 8601 in UTC: 1766000000, 2025-12-17, 2025-12-17T19:33:20Z.

Every answer is judged at the time at which it came, by its own quotes and times. Whether a price is a jump, and what the median of its slot is, follows from the other prices: that is decided again with --apply, and only in slots in which a sample differs. Slots of which no answer is kept, and those of the last minutes, are left as they are.

With --apply the old samples and prices are kept as revisions: GET /prices/explain shows them.

Reads the database of DATABASE_URL or POSTGRES_*, or the private stores, as \`tidemark verify\` does.`,
  examples: [
    'tidemark replay --from 2025-12-17 --to 2025-12-18',
    'tidemark replay --from 2025-12-17 --to 2025-12-18 --source kraken --apply',
  ],
} as const;

const EXIT_STATUSES = `
In a checkout:
  make replay FROM=2025-12-17 TO=2025-12-18 [SOURCE=kraken] [APPLY=1]

Exit status: 0 nothing differs, or all that did was stored; 1 something differs; 2 asked wrongly, or nothing could be replayed.`;

function isYes(text: string | true | undefined): boolean {
  if (text === undefined || text === '' || text === '0' || text === 'false') return false;
  if (text === true || text === '1' || text === 'true') return true;
  throw new UsageError(`APPLY must be 1, or left out, and not ${text.slice(0, 40)}.`);
}
