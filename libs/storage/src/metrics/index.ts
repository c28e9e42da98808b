export * from './sample-counters.js';
