// Native ES modules under Jest: see NODE_OPTIONS in the `jest` script of package.json.
const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: '<rootDir>/test/support/clean-environment.mjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^@app/process/server$': '<rootDir>/libs/process/src/server/index.ts',
    '^@app/storage/metrics$': '<rootDir>/libs/storage/src/metrics/index.ts',
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^fast-check$': '<rootDir>/test/support/seeded-fast-check.mjs',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  // CommonJS companions of Nest cannot require an ES module that is still loading; loading these first avoids the cycle.
  setupFilesAfterEnv: ['<rootDir>/test/support/preload.ts'],
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
  testSequencer: '<rootDir>/test/support/waiting-first.mjs',
  // Many tests wait for a time-out that is real: more than two cores could run at once.
  maxWorkers: 4,
  testTimeout: 30_000,
  // Another order every time: no test may lean on another.
  randomize: true,
  reporters: [
    'default',
    '<rootDir>/test/support/tell-seed.mjs',
    // For a CI that shows tests one by one. The reporter reads the variable too.
    ...(process.env.JEST_JUNIT_OUTPUT_FILE
      ? [['jest-junit', { classNameTemplate: '{filepath}', titleTemplate: '{title}' }]]
      : []),
  ],
  // With --coverage only. What Babel counts can be added up over shards; what V8 counts differs from run to run.
  collectCoverageFrom: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', '!**/*.spec.ts'],
  coverageProvider: 'babel',
};
