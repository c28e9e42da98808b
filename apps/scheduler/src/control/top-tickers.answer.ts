import { tickerName, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import type { TopOutcome } from '../catalogue/top-tickers.service.js';

const addedSchema = z.strictObject({
  ticker: tickerName(),
  asset: z.string().describe('The asset, by the id of CoinGecko where it has one'),
  interval_seconds: z.int().describe('Seconds from one slot to the next'),
  sources: z
    .array(
      z.strictObject({
        source: z.string().describe('Name of the source'),
        source_symbol: z.string().describe('What the source calls the ticker'),
        batch: z.string().describe('Tickers of one source with the same batch are asked in one call'),
        standby: z.boolean().describe('Asked only in slots in which every source before it has failed'),
      }),
    )
    .describe('In order of preference; one alone has no second source'),
});

const costSchema = z.strictObject({
  source: z.string().describe('Name of the source'),
  plan: z.string().describe('Its plan'),
  per_minute: z
    .number()
    .describe('What the whole catalogue counts in a minute, on the average; standby sources are left out'),
  per_minute_allowed: z.number().describe('What of the limit of the plan is used; the rest is head room'),
  per_month: z.number().describe('What it counts in a month of 31 days'),
  per_month_allowed: z.number().nullable().describe('The credits of the plan; null when it counts none'),
});

const topSchema = z
  .strictObject({
    dry_run: z.boolean().describe('Whether it was only looked, and nothing was added'),
    ranked_by: z.string().describe('The source whose market capitalisations rank the assets'),
    added: z.array(addedSchema).describe('The greatest asset first'),
    sampled: z.array(tickerName()).describe('Tickers that are sampled already, and stay as they are'),
    left_out: z
      .array(
        z.strictObject({
          asset: z.string().describe('The asset'),
          symbol: z.string().describe('Its symbol'),
          reason: z.string().describe('The rest of a sentence that begins with the asset'),
        }),
      )
      .describe('Assets that get no ticker'),
    unavailable: z.array(z.string()).describe('Sources whose list of symbols cannot be had now'),
    costs: z.array(costSchema).describe('What it all costs at each source that is asked'),
    faults: z.array(z.string()).describe('Why it does not fit, with the cure; then nothing is added'),
  })
  .meta({ id: 'TopTickers' });

const EXAMPLE: z.output<typeof topSchema> = {
  dry_run: true,
  ranked_by: 'coinpaprika',
  added: [
    {
      ticker: 'sol_usd',
      asset: 'solana',
      interval_seconds: 60,
      sources: [
        { source: 'kraken', source_symbol: 'SOLUSD', batch: 'top_usd_60s_1', standby: false },
        { source: 'coingecko', source_symbol: 'solana', batch: 'top_usd_60s_1', standby: true },
      ],
    },
  ],
  sampled: ['btc_usd', 'eth_usd'],
  left_out: [{ asset: 'tether', symbol: 'usdt', reason: 'is pegged to usd' }],
  unavailable: [],
  costs: [
    {
      ...{ source: 'kraken', plan: 'public', per_minute: 1, per_minute_allowed: 27 },
      ...{ per_month: 44640, per_month_allowed: null },
    },
  ],
  faults: [],
};

/** `POST /tickers/top` */
export const TOP_ANSWER: RouteAnswer<typeof topSchema> = {
  description: 'What was added, or would be.',
  schema: topSchema,
  example: EXAMPLE,
};

/** As the route answers it. */
export function presentTop(outcome: TopOutcome, isTried: boolean): z.output<typeof topSchema> {
  return {
    dry_run: isTried,
    ranked_by: outcome.rankedBy,
    added: outcome.added.map(({ ticker, asset, interval_seconds, sources }) => ({
      ...{ ticker, asset, interval_seconds },
      sources: sources.map(({ source, source_symbol = '', batch = ticker, standby = false }) => ({
        ...{ source, source_symbol, batch, standby },
      })),
    })),
    sampled: [...outcome.sampled],
    left_out: outcome.leftOut.map((each) => ({ ...each })),
    unavailable: [...outcome.unavailable],
    costs: outcome.costs.map((cost) => ({
      ...{
        source: cost.source,
        plan: cost.plan,
        per_minute: cost.perMinute,
        per_minute_allowed: cost.perMinuteAllowed,
      },
      ...{ per_month: cost.perMonth, per_month_allowed: cost.perMonthAllowed },
    })),
    faults: [...outcome.faults],
  };
}
