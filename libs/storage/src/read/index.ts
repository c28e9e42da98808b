export * from './explain.reader.js';
export * from './gap.reader.js';
export * from './latest-sample.reader.js';
export { PayloadReader } from './payload.reader.js';
export * from './price-line.reader.js';
export * from './price.reader.js';
export { DatabaseUnavailableError, ReadDatabase } from './read-database.js';
export * from './reader-role.js';
export * from './ticker.reader.js';
