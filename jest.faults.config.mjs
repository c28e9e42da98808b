// The fault tests: whole systems of real processes that are killed and cut off. Run by `make test-faults`, one file at a time.
import shared from './jest.config.mjs';

const { globalSetup: _setup, globalTeardown: _teardown, ...rest } = shared;

export default {
  ...rest,
  roots: ['<rootDir>/test/faults'],
  testMatch: ['**/*.faults.ts'],
  maxWorkers: 1,
  testTimeout: 600_000,
};
