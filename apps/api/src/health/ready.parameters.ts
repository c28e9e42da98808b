import { flagParameter } from '../http/query-parameters.js';

/** Parameters of `/readyz`. */
export const READY_PARAMETERS = {
  latched: flagParameter(
    'Ready from the first time on that everything was right, until the process ends: for a load balancer behind which the API shall answer 503 documents during an outage of the database, instead of nobody.',
  ),
};
