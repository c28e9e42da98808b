import {
  cursorParameter,
  instantParameter,
  limitParameter,
  orderParameter,
  pagedTickerParameter,
  tickerParameter,
} from '../http/query-parameters.js';

/** Most prices in an answer that was given a limit. */
const MAX_PRICES = 1_000_000;

/** Parameters of `/prices`. */
export const PRICES_PARAMETERS = {
  ticker: pagedTickerParameter,
  from: instantParameter('Beginning, inclusive. Without it from the first price on.', 'up'),
  to: instantParameter('End, exclusive. Without it up to the newest price.', 'up'),
  order: orderParameter,
  limit: limitParameter(
    'Most prices in the answer; `next` then holds the cursor when there are more. Without it all prices are streamed.',
    MAX_PRICES,
  ),
  cursor: cursorParameter,
};

/** Parameters of `/prices/latest`. */
export const LATEST_PARAMETERS = { ticker: tickerParameter };
