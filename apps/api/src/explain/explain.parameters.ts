import { requiredInstantParameter, tickerParameter } from '../http/query-parameters.js';

/** Parameters of `/prices/explain`. */
export const EXPLAIN_PARAMETERS = {
  ticker: tickerParameter,
  timestamp: requiredInstantParameter(
    'Any instant of the slot, UNIX seconds; `timestamp` of a price is one.',
    1_766_000_000,
  ),
};
