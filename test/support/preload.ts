// CommonJS companions of Nest fail with "Cannot require() ES Module in a cycle" when they are the first to load these.
import '@nestjs/common';
import '@nestjs/core';
import 'reflect-metadata';

// Properties are tried with other values every time, and in CI with the same: see jest.config.mjs.
if (process.env.CI === 'true') (await import('fast-check')).default.configureGlobal({ seed: 1 });
