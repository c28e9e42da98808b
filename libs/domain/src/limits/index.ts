export * from './call-load.js';
export * from './circuit-breaker.js';
export * from './credit-budget.js';
export * from './retry-delay.js';
export * from './token-bucket.js';
