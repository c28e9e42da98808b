import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { addTickersCommand } from './add-tickers.command.js';
import { timeOf } from './format.js';
import { printLines, QuestionCommand, type QuestionOptions } from './question-command.js';

/** What is read of `/tickers`. */
export const tickersSchema = z.object({
  tickers: z.array(
    z.object({
      ticker: z.string(),
      enabled: z.boolean(),
      interval_seconds: z.number(),
      rule: z.string(),
      sources: z.array(z.string()),
      last_slot: z.number().nullable(),
    }),
  ),
});

/** `tickers`: what is sampled; `tickers add`: more. */
export function tickersCommand(terminal: Terminal, finish: (status: number) => void): QuestionCommand {
  const command = new QuestionCommand('tickers', terminal, TEXTS, finish);
  command.action((options: QuestionOptions) =>
    command.ask(options, async ({ api, asJson }) => {
      const { text, value } = await api.get('/tickers', {}, tickersSchema);
      if (asJson) return terminal.print(`${text}\n`);
      if (value.tickers.length === 0) return printLines(terminal, 'There is no ticker yet.');
      const rows = value.tickers.map(({ ticker, enabled, interval_seconds, rule, sources, last_slot }) => [
        ...[ticker, enabled ? `${interval_seconds} s` : 'stopped', rule, timeOf(last_slot), sources.join(' ')],
      ]);
      terminal.print(alignColumns([['TICKER', 'EVERY', 'RULE', 'NEWEST (UTC)', 'SOURCES'], ...rows], terminal.columns));
    }),
  );
  command.addCommand(addTickersCommand(terminal, finish));
  return command;
}

const TEXTS = {
  summary: 'every ticker, how it is sampled, and its newest slot',
  description:
    'Every ticker that was ever catalogued: how often it is sampled, by which rule a price is chosen, the slot of its newest price, and its sources in order of preference.',
  examples: [
    'tidemark tickers --api https://prices.example.org',
    'tidemark tickers',
    'tidemark tickers add --top 100 --quote usd --dry-run',
  ],
} as const;
