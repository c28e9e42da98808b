export type { Example, Figure, Finding, InvariantName, Problem } from './finding.js';
export type { Horizon } from './horizon.js';
export {
  ExpectedPricesUnavailableError,
  type ExpectedPricesOf,
  type ExpectedPriceQuestion,
} from './true-prices.invariant.js';
export { verifyDatabase, type Verification } from './verify-database.js';
