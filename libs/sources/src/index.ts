export * from './contract/source-error.js';
export * from './contract/source.js';
export * from './registry.js';
export * from './source-client.js';
