import { cursorParameter, instantParameter, limitParameter, pagedTickerParameter } from '../http/query-parameters.js';

/** Entries in an answer that was given no limit. */
export const DEFAULT_GAPS = 1_000;

const MAX_GAPS = 10_000;

/** Parameters of `/gaps`. */
export const GAPS_PARAMETERS = {
  ticker: pagedTickerParameter,
  from: instantParameter('Beginning, inclusive. Without it from the first expected slot on.', 'up'),
  to: instantParameter('End, exclusive. Without it now.', 'up'),
  limit: limitParameter(
    `Most entries in the answer, ${DEFAULT_GAPS} without it; there may be fewer. \`next\` holds the cursor when there may be more.`,
    MAX_GAPS,
  ),
  cursor: cursorParameter,
};
