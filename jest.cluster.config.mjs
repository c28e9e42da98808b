// The tests on a real Kubernetes: the one that KUBECONFIG names. Each file is a story whose steps follow one another. Run by
// `make test-cluster`, which brings the images to the cluster first.
import shared from './jest.config.mjs';

const { globalSetup: _setup, globalTeardown: _teardown, testSequencer: _sequencer, ...rest } = shared;

export default {
  ...rest,
  roots: ['<rootDir>/test/cluster'],
  testMatch: ['**/*.cluster.ts'],
  maxWorkers: 1,
  randomize: false,
  testTimeout: 900_000,
};
