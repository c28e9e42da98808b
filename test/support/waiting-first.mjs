import Sequencer from '@jest/test-sequencer';

/**
 * Files that wait for Postgres, Redis and whole processes begin first, and those that only compute fill the cores behind them. A new
 * checkout knows no durations, and by size alone the longest files, whose tests stand in a contract, would come last and run alone.
 */
export default class WaitingFirst extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const waits = ({ path }) => path.endsWith('.int.spec.ts');
    return [...sorted.filter(waits), ...sorted.filter((test) => !waits(test))];
  }
}
