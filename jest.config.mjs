// Native ES modules under Jest: see NODE_OPTIONS in the `jest` script of package.json.
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  // CommonJS companions of Nest cannot require an ES module that is still loading; loading these first avoids the cycle.
  setupFiles: ['<rootDir>/test/support/preload.ts'],
};

export default {
  ...shared,
  rootDir: '.',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test', '<rootDir>/tools'],
  testMatch: ['**/*.spec.ts'],
  // Those have a configuration of their own: `make test-system`.
  testPathIgnorePatterns: [...shared.testPathIgnorePatterns, '\\.system\\.spec\\.ts$'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Many tests wait for a time-out that is real: one more than two cores could run at once.
  maxWorkers: 3,
  testTimeout: 30_000,
  // Another order every time, told with its seed: no test may lean on another. In CI it is the same one (see the scripts of package.json):
  // there a run must not fail by chance, and `make test` on any machine goes on looking.
  randomize: true,
};
