import { END, FROM, ReplayedPast, SLOTS } from '../../../../test/builders/replayed-past.js';
import { LIVED_INTERVAL } from '../../../../test/support/lived-slots.js';
import { eventually, startProcess, type RunningProcess } from '../../../../test/support/processes.js';

const BITSTAMP = 8;

describe('a replay that is interrupted while it stores', () => {
  let past: ReplayedPast;
  let running: RunningProcess | undefined;

  beforeEach(async () => {
    past = await ReplayedPast.open();
    // All six samples differ from what was answered.
    await past.rows('UPDATE samples SET price = price + 1 WHERE source_id = $1', [BITSTAMP]);
  }, 60_000);
  afterEach(async () => {
    running?.child.kill('SIGKILL');
    await past.close();
  });

  function start(): RunningProcess {
    const words = ['replay', '--from', String(FROM), '--to', String(END), '--source', 'bitstamp', '--apply'];
    running = startProcess('cli/src/main.js', { DATABASE_URL: past.fixture.database.url }, 0, words);
    return running;
  }

  async function kept(): Promise<number> {
    return (await past.rows('SELECT 1 FROM sample_revisions WHERE source_id = $1', [BITSTAMP])).length;
  }

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s finishes the slot in hand, keeps what it has stored, says so, and does the rest when it is run again',
    async (signal) => {
      const other = await past.fixture.database.pool.connect();
      try {
        // Should the replay not end, the test must.
        await other.query(`SET idle_in_transaction_session_timeout = '60s'`);
        await other.query('BEGIN');
        const third = FROM + 2 * LIVED_INTERVAL;
        await other.query('SELECT 1 FROM samples WHERE source_id = $1 AND slot = $2 FOR UPDATE', [BITSTAMP, third]);
        const replay = start();
        await eventually('the third slot', 30_000, async () => ((await kept()) === 2 ? true : undefined));
        const ended = replay.end(signal);
        await eventually('a word of the interruption', 10_000, () =>
          replay.stray().includes('Breaking off') ? true : undefined,
        );
        await other.query('COMMIT');
        await ended;
        expect([replay.child.exitCode, replay.child.signalCode]).toEqual([1, null]);
        expect(replay.stray()).toContain('3 answers read again: 3 samples, 3 differ.');
        expect(replay.stray()).toContain('Stored: 3 samples and ');
        expect(replay.stray()).toContain('Broken off: the rest was not read.');
        expect(await kept()).toBe(3);
      } finally {
        await other.query('ROLLBACK');
        other.release();
      }
      const again = start();
      await eventually('the end of the second replay', 30_000, () => again.child.exitCode ?? undefined);
      expect(again.child.exitCode).toBe(0);
      expect(await kept()).toBe(SLOTS);
    },
    90_000,
  );
});
