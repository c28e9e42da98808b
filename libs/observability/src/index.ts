export * from './all-presence.js';
export * from './clock-watch.js';
export * from './describe-fault.js';
export * from './logger.js';
export * from './run-process.js';
export * from './readiness-watch.js';
export * from './wait-until-ready.js';
