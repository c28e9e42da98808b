import { z } from 'zod';
import type { QueryParameter } from '../http/query-parameters.js';
import { limitParameter } from '../http/query-parameters.js';

/** Assets of a page that was given no size. */
export const DEFAULT_PAGE_SIZE = 50;

const MAX_PAGE_SIZE = 100;
const MAX_PAGE = 100_000;

/** Assets of a ranking that was given no limit. */
export const DEFAULT_RANKED = 100;

const MAX_RANKED = 1_000;

const SOURCE = /^[a-z][a-z0-9_]{0,39}$/;

const sourceParameter: QueryParameter<string | undefined> = {
  schema: z.string().regex(SOURCE, 'must be the name of a source, such as coingecko').optional(),
  documentation: {
    description: 'Name of the source, as `/stats` lists it.',
    schema: { type: 'string', pattern: SOURCE.source },
    example: 'coingecko',
  },
};

/** Parameters of `/data`. */
export const DATA_PARAMETERS = {
  page: limitParameter('Which page, from 1; 1 without it.', MAX_PAGE),
  page_size: limitParameter(`How many assets a page has, ${DEFAULT_PAGE_SIZE} without it.`, MAX_PAGE_SIZE),
  symbol: {
    schema: z.string().trim().min(1, 'must not be empty').max(64, 'must have at most 64 characters').optional(),
    documentation: {
      description: 'A part of the symbol, in capitals or not.',
      schema: { type: 'string', minLength: 1, maxLength: 64 },
      example: 'btc',
    },
  } satisfies QueryParameter<string | undefined>,
  source: sourceParameter,
};

/** Parameters of `/rankings`. */
export const RANKING_PARAMETERS = {
  by: {
    schema: z.enum(['volume', 'market_cap'], 'must be volume or market_cap').optional(),
    documentation: {
      description: 'By the trade of a day, or by what all its units cost; `market_cap` without it.',
      schema: { type: 'string', enum: ['volume', 'market_cap'], default: 'market_cap' },
    },
  } satisfies QueryParameter<'volume' | 'market_cap' | undefined>,
  source: {
    ...sourceParameter,
    documentation: {
      ...sourceParameter.documentation,
      description:
        'Whose values; without it those of the source that has most assets. Values of two sources are never mixed.',
    },
  },
  limit: limitParameter(`How many at most, ${DEFAULT_RANKED} without it.`, MAX_RANKED),
};
