import path from 'node:path';

/**
 * Where specs come upon Nest. It takes a fifth of a second to load, for every file anew, and most files do without it; one
 * elsewhere that does need it fails with the words below, and adds its folder here.
 */
const WITH_NEST = /^(apps\/(?!standalone\/)|libs\/nest\/)/;

const file = path.relative(path.resolve(import.meta.dirname, '../..'), expect.getState().testPath ?? '');

// CommonJS companions of Nest fail with "Cannot require() ES Module in a cycle" when they are the first to load these.
if (WITH_NEST.test(file)) {
  await import('@nestjs/common');
  await import('@nestjs/core');
  await import('reflect-metadata');
}
