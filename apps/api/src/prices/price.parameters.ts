import {
  cursorParameter,
  instantParameter,
  limitParameter,
  orderParameter,
  tickerParameter,
} from '../http/query-parameters.js';

/** Most prices in an answer that was given a limit. */
const MAX_PRICES = 1_000_000;

/** Parameters of `/prices`. */
export const PRICES_PARAMETERS = {
  ticker: tickerParameter,
  from: instantParameter('First instant, UNIX seconds, inclusive. Without it from the first price on.', 1_766_000_000),
  to: instantParameter('End, UNIX seconds, exclusive. Without it up to the newest price.', 1_766_003_600),
  order: orderParameter,
  limit: limitParameter(
    'Most prices in the answer; `next` then holds the cursor when there are more. Without it all prices are streamed.',
    MAX_PRICES,
  ),
  cursor: cursorParameter,
};

/** Parameters of `/prices/latest`. */
export const LATEST_PARAMETERS = { ticker: tickerParameter };
