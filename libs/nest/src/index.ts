export * from './nest-logger.js';
export * from './operations.module.js';
