// The tests of the whole: systems of real processes that live through minutes, every command of the README, the rules of the
// repository itself, every recorded answer against every source. Run by `make test-system`.
import shared from './jest.config.mjs';

const testPathIgnorePatterns = shared.testPathIgnorePatterns.filter((pattern) => !pattern.includes('system'));

export default {
  ...shared,
  testPathIgnorePatterns,
  testMatch: ['**/*.system.spec.ts'],
  maxWorkers: 3,
  testTimeout: 120_000,
};
