import type { ClockOffset } from '@app/process';
import { createLogBook } from '../../../test/support/log-lines.js';
import { RunJobs, type RunnableWorker } from './run-jobs.js';

describe('running jobs', () => {
  it('takes none from the start on when the clock is wrong, and begins when it is set right', () => {
    const { jobs, calls, log, measured } = aWorker({ isTrue: false });
    jobs.onApplicationBootstrap();
    expect(calls).toEqual(['pause', 'run']);
    expect(log.of('clock_wrong')).toHaveLength(1);
    measured(false);
    measured(true);
    expect(calls).toEqual(['pause', 'run', 'resume']);
    expect(log.of('clock_true')).toHaveLength(1);
  });

  it('stops once when the clock goes wrong, and goes on once when it is right again', () => {
    const { jobs, calls, measured } = aWorker({ isTrue: true });
    jobs.onApplicationBootstrap();
    for (const isTrue of [true, false, false, true, true]) measured(isTrue);
    expect(calls).toEqual(['run', 'pause', 'resume']);
  });

  it('waits for the jobs in hand before it closes the client', async () => {
    const { jobs, calls } = aWorker({ isTrue: true });
    jobs.onApplicationBootstrap();
    await jobs.beforeApplicationShutdown();
    expect(calls).toEqual(['run', 'stop watching', 'end within 5000', 'close client']);
  });
});

function aWorker({ isTrue }: { readonly isTrue: boolean }) {
  const calls: string[] = [];
  const log = createLogBook();
  let verdict: (isTrue: boolean, offset: ClockOffset) => void = () => undefined;
  const offset = { offsetMs: isTrue ? 0 : 9_000, roundTripMs: 1 };
  const clock = {
    isTrue: () => isTrue,
    offset: () => offset,
    onMeasured: (listener: typeof verdict) => {
      verdict = listener;
      return () => void calls.push('stop watching');
    },
  };
  const worker: RunnableWorker = {
    run: () => void calls.push('run'),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    end: async (withinMs) => {
      await Promise.resolve();
      calls.push(`end within ${withinMs}`);
    },
  };
  const client = { close: () => void calls.push('close client') };
  const jobs = new RunJobs([worker], clock as never, client as never, log.logger, 5_000);
  return { jobs, calls, log, measured: (now: boolean) => verdict(now, offset) };
}
