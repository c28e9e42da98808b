import { instantParameter, tickerParameter } from '../http/query-parameters.js';

/** Parameters of `/prices/explain`. */
export const EXPLAIN_PARAMETERS = {
  ticker: tickerParameter,
  timestamp: instantParameter(
    'Any instant of the slot; `timestamp` of a price is one. Without it the newest slot that is decided.',
    'down',
  ),
};
