export * from './clean-queue.js';
export * from './end-worker.js';
export * from './fetch-jobs.js';
export * from './migrate-queue-store.js';
export * from './queue-address.js';
export * from './queue-store.js';
export * from './store-check.js';
export * from './wake-jobs.js';
