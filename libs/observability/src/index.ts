export * from './describe-fault.js';
export * from './logger.js';
