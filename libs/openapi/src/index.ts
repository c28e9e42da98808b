export * from './answer.js';
export * from './document.js';
export * from './field.js';
export * from './problem-example.js';
export * from './problem.answer.js';
export * from './route-answers.js';
export * from './versions.js';
