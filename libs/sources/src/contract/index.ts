export * from './answer-reader.js';
export * from './drift.js';
export * from './read-json.js';
export * from './row-list.js';
export * from './source-time.js';
export * from './source.js';
export * from './source-error.js';
export * from './source-exchange.js';
