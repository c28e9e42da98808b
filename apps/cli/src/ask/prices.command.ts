import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { timeOf } from './format.js';
import { readLimit, readPages } from './pages.js';
import { printLines, QuestionCommand, type QuestionOptions } from './question-command.js';

const pageSchema = z.object({
  ticker: z.string(),
  data: z.array(
    z.object({
      timestamp: z.number(),
      price: z.string(),
      source: z.string(),
      flags: z.array(z.string()).optional(),
    }),
  ),
  next: z.string().nullable(),
});

interface PricesOptions extends QuestionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly order?: string;
  readonly limit?: string;
}

/** What is shown to whom names neither range nor limit. */
const NEWEST = { order: 'desc', limit: '20' };

/** `prices`: the stored prices of a range. */
export function pricesCommand(terminal: Terminal, finish: (status: number) => void): QuestionCommand {
  const command = new QuestionCommand('prices', terminal, TEXTS, finish);
  command
    .argument('<ticker>', 'a ticker such as btc_usd')
    .option('--from <time>', 'first instant, inclusive')
    .option('--to <time>', 'end, exclusive')
    .option('--order <order>', 'asc (oldest first) or desc (newest first)')
    .option('--limit <number>', 'most prices')
    .action((ticker: string, options: PricesOptions) => {
      const isOpen = [options.from, options.to, options.limit].every((value) => value === undefined);
      const { from, to, order, limit: most, ...rest } = isOpen ? { ...NEWEST, ...options } : options;
      const limit = readLimit(most);
      return command.ask(rest, async ({ api, asJson }) => {
        const query = { ticker, from, to, order };
        const sizeOf = ({ data }: z.output<typeof pageSchema>): number => data.length;
        const hasMore = await readPages(
          { api, path: '/prices', query, schema: pageSchema, sizeOf, limit },
          ({ text, value }, isFirst) => {
            if (asJson) terminal.print(`${text}\n`);
            else if (value.data.length > 0) terminal.print(tableOf(value, terminal.columns));
            else if (isFirst) printLines(terminal, `${value.ticker} has no price in this range.`);
          },
        );
        if (hasMore && !isOpen)
          terminal.complain(`There are more than ${limit} prices: give a higher --limit, or --from and --to.\n`);
      });
    });
  return command;
}

function tableOf({ data }: z.output<typeof pageSchema>, columns: number): string {
  const rows = data.map(({ timestamp, price, source, flags = [] }) => [
    ...[timeOf(timestamp), String(timestamp), price, source, flags.join(', ')],
  ]);
  return alignColumns([['TIME (UTC)', 'UNIX', 'PRICE', 'SOURCE', 'NOTE'], ...rows], columns);
}

const TEXTS = {
  summary: 'the newest stored prices of a ticker, or of a range',
  description:
    'The stored prices of a ticker: the newest 20, or all of the range that is named, page after page to its end or to --limit. Oldest first when a range is named.',
  examples: [
    'tidemark prices btc_usd --from 2025-12-17 --to 2025-12-18',
    'tidemark prices btc_usd',
    'tidemark prices BTC/USD --from 2025-12-17T19:00:00Z --limit 60',
  ],
} as const;
