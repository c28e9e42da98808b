export type { Example, Figure, Finding, InvariantName, Problem } from './finding.js';
export type { Horizon } from './horizon.js';
export { TruthUnavailableError, type TruthOf, type TruthQuestion } from './true-prices.invariant.js';
export { verifyDatabase, type Verification } from './verify-database.js';
