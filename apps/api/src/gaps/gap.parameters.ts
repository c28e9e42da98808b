import { cursorParameter, instantParameter, limitParameter, tickerParameter } from '../http/query-parameters.js';

/** Entries in an answer that was given no limit. */
export const DEFAULT_GAPS = 1_000;

const MAX_GAPS = 10_000;

/** Parameters of `/gaps`. */
export const GAPS_PARAMETERS = {
  ticker: tickerParameter,
  from: instantParameter(
    'First instant, UNIX seconds, inclusive. Without it from the first expected slot on.',
    1_766_000_000,
  ),
  to: instantParameter('End, UNIX seconds, exclusive. Without it now.', 1_766_003_600),
  limit: limitParameter(
    `Most entries in the answer, ${DEFAULT_GAPS} without it; there may be fewer. \`next\` holds the cursor when there may be more.`,
    MAX_GAPS,
  ),
  cursor: cursorParameter,
};
