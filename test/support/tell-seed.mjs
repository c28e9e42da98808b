/** Says how to repeat a run, first of all: the order of its tests and the values of its properties follow from the seed. */
export default class TellSeed {
  constructor({ seed }) {
    this.seed = seed;
  }

  onRunStart() {
    this.tell();
  }

  /** Once more below what failed, where a reader looks. */
  onRunComplete(_contexts, { numFailedTestSuites }) {
    if (numFailedTestSuites > 0) this.tell();
  }

  tell() {
    const { npm_lifecycle_event: script = 'jest' } = process.env;
    process.stderr.write(
      `Seed ${this.seed}; the same run again: TEST_SEED=${this.seed} make ${TARGETS[script] ?? 'test'}\n`,
    );
  }
}

const TARGETS = { 'test:system': 'test-system', 'test:faults': 'test-faults' };
