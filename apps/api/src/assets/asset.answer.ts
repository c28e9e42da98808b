import { decimal, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const instant = (description: string) => z.string().meta({ format: 'date-time' }).describe(description);

const assetSchema = z
  .strictObject({
    asset_id: z.string().describe('As the source calls it'),
    symbol: z.string().describe('As the source writes it; several assets may share one'),
    name: z.string().describe('For people'),
    price_usd: decimal('US dollars for one unit').nullable(),
    market_cap: decimal('US dollars for all units').nullable(),
    volume_24h: decimal('US dollars that were traded in a day').nullable(),
    source: z.string().describe('Name of the source'),
    updated_at: instant('Since when the source says so'),
  })
  .meta({ id: 'Asset' });

const dataSchema = z
  .strictObject({
    request_id: z.string().describe('That of the answer, as in its header `x-request-id`'),
    api_latency_ms: z.number().min(0).describe('Milliseconds that the answer took in the API'),
    data: z.array(assetSchema).max(100).describe('By source and market capitalisation'),
    total: whole().describe('How many there are in all'),
    page: whole().describe('Which page this is, from 1'),
    page_size: whole().describe('How many assets a page has'),
  })
  .meta({ id: 'Data' });

const EXAMPLE = {
  asset_id: 'bitcoin',
  symbol: 'btc',
  name: 'Bitcoin',
  price_usd: '87123.45',
  market_cap: '1733756655000',
  volume_24h: '35894861400',
  source: 'coingecko',
  updated_at: '2025-12-17T19:33:20.000Z',
};

/** `/data` */
export const DATA_ANSWER: RouteAnswer<typeof dataSchema> = {
  description: 'A page of assets.',
  schema: dataSchema,
  example: {
    request_id: '4f25cbf3-44ba-4d0d-a60b-3b4a6a8bc320',
    api_latency_ms: 2.4,
    data: [EXAMPLE],
    total: 1,
    page: 1,
    page_size: 50,
  },
};

const statsSchema = z
  .strictObject({
    records_processed: whole().describe('By the newest run of each source'),
    last_success: instant('When a run last came to the end of its list').nullable(),
    last_failure: instant('When a run last failed').nullable(),
    sources: z
      .record(
        z.string(),
        z.strictObject({
          last_processed_id: z.string().nullable().describe('Id of the record that was processed last'),
          last_processed_at: instant('When').nullable(),
          status: z.enum(['running', 'completed', 'failed']).describe('Of the newest run'),
          run_id: whole().describe('The newest run'),
        }),
      )
      .describe('Each list that was ever begun, by the name of its source'),
  })
  .meta({ id: 'Stats' });

/** `/stats` */
export const STATS_ANSWER: RouteAnswer<typeof statsSchema> = {
  description: 'How far each list of assets was read.',
  schema: statsSchema,
  example: {
    records_processed: 2000,
    last_success: '2025-12-17T19:33:20.000Z',
    last_failure: null,
    sources: {
      coinpaprika: {
        last_processed_id: 'zrx-0x',
        last_processed_at: '2025-12-17T19:33:20.000Z',
        status: 'completed',
        run_id: 12,
      },
    },
  },
};

const rankingsSchema = z
  .strictObject({
    by: z.enum(['volume', 'market_cap']).describe('What they are ranked by'),
    source: z.string().nullable().describe('Whose values these are; null when no list was read yet'),
    data: z.array(assetSchema.extend({ rank: whole().describe('From 1') })).describe('The greatest first'),
  })
  .meta({ id: 'Rankings' });

/** `/rankings` */
export const RANKINGS_ANSWER: RouteAnswer<typeof rankingsSchema> = {
  description: 'Assets of one source, the greatest first.',
  schema: rankingsSchema,
  example: { by: 'market_cap', source: 'coingecko', data: [{ ...EXAMPLE, rank: 1 }] },
};
