export * from './describe-fault.js';
export * from './logger.js';
export * from './readable-line.js';
