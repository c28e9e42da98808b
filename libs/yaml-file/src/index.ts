export * from './schema-faults.js';
export * from './yaml-file.js';
