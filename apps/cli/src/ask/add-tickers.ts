import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { ApiClient } from './api-client.js';
import { findControl } from './find-control.js';
import { printLines } from './question-command.js';

/** What is asked of the control API. */
export interface AskedTop {
  readonly top: number;
  readonly quote: string;
  readonly interval_seconds: number | undefined;
  readonly sources: readonly string[] | undefined;
  readonly dry_run: boolean;
}

const topSchema = z.object({
  dry_run: z.boolean(),
  ranked_by: z.string(),
  added: z.array(
    z.object({
      ticker: z.string(),
      asset: z.string(),
      interval_seconds: z.number(),
      sources: z.array(z.object({ source: z.string(), source_symbol: z.string(), standby: z.boolean() })),
    }),
  ),
  sampled: z.array(z.string()),
  left_out: z.array(z.object({ asset: z.string(), symbol: z.string(), reason: z.string() })),
  unavailable: z.array(z.string()),
  costs: z.array(
    z.object({
      ...{ source: z.string(), plan: z.string(), per_minute: z.number(), per_minute_allowed: z.number() },
      ...{ per_month: z.number(), per_month_allowed: z.number().nullable() },
    }),
  ),
  faults: z.array(z.string()),
});

type Top = z.output<typeof topSchema>;

/** Adds the tickers of the greatest assets, or shows what would be added. @returns whether it fits. */
export async function addTickers(
  terminal: Terminal,
  asked: AskedTop,
  { control, asJson }: { readonly control: string | undefined; readonly asJson: boolean },
): Promise<boolean> {
  const api = findControl(control, terminal);
  const { text, value } = await new ApiClient(api, terminal.signal).post('/tickers/top', asked, topSchema);
  if (asJson) terminal.print(`${text}\n`);
  else render(terminal, value);
  return value.faults.length === 0;
}

function render(terminal: Terminal, top: Top): void {
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) terminal.print(`${alignColumns([head, ...rows], terminal.columns)}\n`);
  };
  table(
    ['TICKER', 'ASSET', 'EVERY', 'SOURCES'],
    top.added.map(({ ticker, asset, interval_seconds, sources }) => [
      ...[ticker, asset, `${interval_seconds} s`],
      sources.map(({ source, source_symbol }) => `${source}:${source_symbol}`).join(' '),
    ]),
  );
  table(
    ['LEFT OUT', 'ASSET', 'WHY'],
    top.left_out.map(({ asset, symbol, reason }) => [symbol, asset, reason]),
  );
  table(
    ['SOURCE', 'PLAN', 'A MINUTE', 'OF', 'A MONTH', 'OF'],
    top.costs.map((cost) => [
      ...[cost.source, cost.plan, amount(cost.per_minute), amount(cost.per_minute_allowed)],
      ...[amount(cost.per_month), cost.per_month_allowed === null ? '-' : amount(cost.per_month_allowed)],
    ]),
  );
  printLines(terminal, ...sentencesOf(top));
}

/** What is said below the tables. */
function sentencesOf({ added, sampled, left_out, unavailable, faults, ranked_by, dry_run }: Top): string[] {
  const single = added.filter(({ sources }) => sources.length === 1).map(({ ticker }) => ticker);
  const verb = dry_run ? 'would be added' : faults.length > 0 ? 'were to be added' : 'are added';
  return [
    ...(single.length === 0 ? [] : [`Without a second source: ${single.join(', ')}.`]),
    ...(unavailable.length === 0 ? [] : [`Their lists cannot be had now: ${unavailable.join(', ')}.`]),
    `${added.length} tickers ${verb}, by the market capitalisation of ${ranked_by}; ${sampled.length} are sampled already, ${left_out.length} assets are left out.`,
    ...(faults.length === 0
      ? []
      : ['It does not fit, so that nothing would be added:', ...faults.map((fault) => `  ${fault}`)]),
  ];
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
