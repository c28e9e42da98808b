export * from './schedule.entity.js';
export * from './setting.entity.js';
export * from './source.entity.js';
export * from './ticker-source.entity.js';
export * from './ticker.entity.js';
