import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { endOf, timeOf } from './format.js';
import { readLimit, readPages } from './pages.js';
import { printLines, QuestionCommand, type QuestionOptions } from './question-command.js';

const pageSchema = z.object({
  ticker: z.string(),
  from: z.number(),
  to: z.number(),
  expected: z.number(),
  stored: z.number(),
  missing: z.number(),
  unexplained: z.number(),
  gaps: z.array(
    z.object({
      from: z.number(),
      to: z.number(),
      slots: z.number(),
      reason: z.string(),
      sources: z.array(z.object({ source: z.string(), outcome: z.string(), reason: z.string().nullable() })),
    }),
  ),
  next: z.string().nullable(),
});

type Page = z.output<typeof pageSchema>;

interface GapsOptions extends QuestionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
}

/** `gaps`: what is missing, and why. */
export function gapsCommand(terminal: Terminal, finish: (status: number) => void): QuestionCommand {
  const command = new QuestionCommand('gaps', terminal, TEXTS, finish);
  command
    .argument('<ticker>', 'a ticker such as btc_usd')
    .option('--from <time>', 'first instant, inclusive (default: the first expected slot)')
    .option('--to <time>', 'end, exclusive (default: now)')
    .option('--limit <number>', 'most gaps')
    .action((ticker: string, { from, to, limit: most, ...options }: GapsOptions) => {
      const limit = readLimit(most);
      return command.ask(options, async ({ api, asJson }) => {
        const query = { ticker, from, to };
        const sizeOf = ({ gaps }: Page): number => gaps.length;
        const hasMore = await readPages(
          { api, path: '/gaps', query, schema: pageSchema, sizeOf, limit },
          ({ text, value }, isFirst) => {
            if (asJson) return terminal.print(`${text}\n`);
            if (isFirst) printLines(terminal, ...headOf(value));
            if (value.gaps.length > 0) terminal.print(`\n${tableOf(value, terminal.columns)}`);
          },
        );
        if (hasMore) terminal.complain(`There are more than ${limit} gaps: give a higher --limit.\n`);
      });
    });
  return command;
}

function headOf({ ticker, from, to, expected, stored, missing, unexplained }: Page): string[] {
  const reasons = missing === 0 ? '' : `, ${unexplained} of them without a reason`;
  return [
    `${ticker} from ${timeOf(from)} to ${timeOf(to)} UTC`,
    `${expected} slots expected, ${stored} stored, ${missing} missing${reasons}.`,
  ];
}

function tableOf({ gaps }: Page, columns: number): string {
  const rows = gaps.map(({ from, to, slots, reason, sources }) => [
    ...[timeOf(from), endOf(from, to), String(slots), reason],
    sources.map((one) => `${one.source} ${one.outcome}${one.reason === null ? '' : `: ${one.reason}`}`).join(', '),
  ]);
  return alignColumns([['FROM (UTC)', 'TO', 'SLOTS', 'REASON', 'SOURCES'], ...rows], columns);
}

const TEXTS = {
  summary: 'the missing slots of a ticker, each with its reason',
  description:
    'What was expected of a ticker in a range, what is there, and what is missing, each gap with its reason and what its sources came to; page after page to the end or to --limit.',
  examples: [
    'tidemark gaps btc_usd --from 2025-12-17 --to 2025-12-18',
    'tidemark gaps btc_usd',
    'tidemark gaps btc_usd --json',
  ],
} as const;
