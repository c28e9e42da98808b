import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { timeOf } from './format.js';
import { printLines, QuestionCommand, type QuestionOptions } from './question-command.js';

const explanationSchema = z.object({
  ticker: z.string(),
  slot: z.number().nullable(),
  state: z.string(),
  summary: z.string(),
  price: z
    .object({ price: z.string(), source: z.string(), observed_at: z.number(), flags: z.array(z.string()) })
    .nullable(),
  earlier_prices: z.array(z.object({ price: z.string(), source: z.string(), cause: z.string() })),
  schedule: z.object({ interval_seconds: z.number(), rule: z.string() }).nullable(),
  samples: z.array(
    z.object({
      source: z.string(),
      // Null before the source was asked, and where nobody planned the slot.
      outcome: z.string().nullable(),
      reason: z.string().nullable(),
      detail: z.string().nullable(),
      price: z.string().nullable(),
      raw: z.string().nullable(),
      served: z.boolean(),
      fetch: z
        .object({ http_status: z.number().nullable(), latency_ms: z.number().nullable(), url: z.string().nullable() })
        .nullable(),
    }),
  ),
});

type Explanation = z.output<typeof explanationSchema>;

/** `explain`: why a price was believed, or why there is none. */
export function explainCommand(terminal: Terminal, finish: (status: number) => void): QuestionCommand {
  const command = new QuestionCommand('explain', terminal, TEXTS, finish);
  command
    .argument('<ticker>', 'a ticker such as btc_usd')
    .argument('[time]', 'any instant of the slot (default: the newest slot that is decided)')
    .action((ticker: string, timestamp: string | undefined, options: QuestionOptions) =>
      command.ask(options, async ({ api, asJson }) => {
        const { text, value } = await api.get('/prices/explain', { ticker, timestamp }, explanationSchema);
        if (asJson) return terminal.print(`${text}\n`);
        printLines(terminal, ...headOf(value));
        if (value.samples.length > 0) terminal.print(`\n${tableOf(value, terminal.columns)}`);
        printLines(terminal, ...notesOf(value));
      }),
    );
  return command;
}

function headOf({ ticker, slot, state, summary, price, earlier_prices: earlier, schedule }: Explanation): string[] {
  const when = slot === null ? '' : ` at ${timeOf(slot)} UTC (slot ${slot})`;
  const flags = price === null || price.flags.length === 0 ? '' : `, ${price.flags.join(', ')}`;
  return [
    `${ticker}${when}: ${state.replaceAll('_', ' ')}`,
    summary,
    ...(price === null
      ? []
      : [`Price     ${price.price} from ${price.source}, received ${timeOf(price.observed_at)} UTC${flags}`]),
    ...(schedule === null ? [] : [`Schedule  every ${schedule.interval_seconds} s, rule ${schedule.rule}`]),
    ...earlier.map((before) => `Before    ${before.price} from ${before.source}, until ${before.cause}`),
  ];
}

function tableOf({ samples }: Explanation, columns: number): string {
  const rows = samples.map(({ source, outcome, reason, price, raw, served, fetch }) => [
    ...[source, outcomeOf(outcome, reason), price ?? raw ?? '-', served ? 'yes' : 'no'],
    ...[String(fetch?.http_status ?? '-'), fetch?.latency_ms == null ? '-' : `${fetch.latency_ms} ms`],
  ]);
  return alignColumns([['SOURCE', 'OUTCOME', 'PRICE', 'USED', 'HTTP', 'LATENCY'], ...rows], columns);
}

function outcomeOf(outcome: string | null, reason: string | null): string {
  if (outcome === null) return '-';
  return reason === null ? outcome : `${outcome}: ${reason}`;
}

/** What does not fit into a table: details, and where to read more. */
function notesOf({ samples }: Explanation): string[] {
  const details = samples.flatMap(({ source, detail }) => (detail === null ? [] : [`  ${source}: ${detail}`]));
  const isAsked = samples.some(({ fetch }) => fetch !== null);
  return [...details, ...(isAsked ? ['', 'With --json: every call, with its address and what was answered.'] : [])];
}

const TEXTS = {
  summary: 'why a price was believed, or why there is none',
  description:
    'The way back from a price to its sources: what each of them came to in the slot of this time, and why; or why the slot has no price.',
  examples: [
    'tidemark explain btc_usd 2025-12-17T19:33:20Z',
    'tidemark explain btc_usd',
    'tidemark explain btc_usd 1766000000 --json',
  ],
} as const;
