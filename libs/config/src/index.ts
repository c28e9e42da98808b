export * from './database-tls.js';
export * from './database-url.js';
export * from './environment.js';
export * from './kept-password.js';
export * from './load-settings.js';
export * from './reader-password.js';
export * from './settings.js';
export * from './source-settings.js';
