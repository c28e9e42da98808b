export * from './http-server.js';
export * from './listen.js';
export * from './nest-logger.js';
export * from './operations.module.js';
export * from './problem.js';
export { sendProblem } from './problem.filter.js';
export * from './process-metrics.js';
export * from './serve-process.js';
