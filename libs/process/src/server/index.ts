export * from './nest-logger.js';
export * from './operations.module.js';
export * from './process-metrics.js';
