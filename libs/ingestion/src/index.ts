export * from './csv/csv-list.js';
export * from './http-list.js';
export * from './ingest.js';
export * from './links/read-link-rules.js';
export * from './open-list.js';
export * from './page-calls.js';
export * from './record-list.js';
export * from './reprocess.js';
