export * from './all-presence.js';
export * from './clock-watch.js';
export * from './ends-within.js';
export * from './leave-process.js';
export * from './listen-address.js';
export * from './readiness-watch.js';
export * from './run-process.js';
export * from './wait-until-ready.js';
