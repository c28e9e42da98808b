import type { ClockOffset } from '@app/observability';
import { createLogBook } from '../../../test/support/log-lines.js';
import { FetchProcessor } from './fetch.processor.js';
import { WorkerLifecycle } from './worker-lifecycle.service.js';

describe('the life of a worker', () => {
  it('takes no jobs from the start on when its clock is wrong, and begins when it is set right', () => {
    const { lifecycle, calls, log, measured } = aWorker({ isTrue: false });
    lifecycle.onApplicationBootstrap();
    expect(calls).toEqual(['pause at once']);
    expect(log.of('clock_wrong')).toHaveLength(1);
    measured(false);
    measured(true);
    expect(calls).toEqual(['pause at once', 'resume']);
    expect(log.of('clock_true')).toHaveLength(1);
  });

  it('stops taking jobs once when the clock goes wrong, and goes on once when it is right again', () => {
    const { lifecycle, calls, measured } = aWorker({ isTrue: true });
    lifecycle.onApplicationBootstrap();
    for (const isTrue of [true, false, false, true, true]) measured(isTrue);
    expect(calls).toEqual(['pause at once', 'resume']);
  });

  it('waits for the jobs in hand before it closes the client', async () => {
    const { lifecycle, calls, shutdown } = aWorker({ isTrue: true });
    lifecycle.onApplicationBootstrap();
    await lifecycle.beforeApplicationShutdown();
    expect(calls).toEqual(['stop watching', 'end processor', 'close client']);
    expect(shutdown.signal.aborted).toBe(false);
  });

  it('gives up the jobs in hand when they take longer than it may wait', async () => {
    const { lifecycle, calls, shutdown } = aWorker({ isTrue: true, finishWithinMs: 1, hangs: true });
    lifecycle.onApplicationBootstrap();
    await lifecycle.beforeApplicationShutdown();
    expect(shutdown.signal.aborted).toBe(true);
    expect(calls.at(-1)).toBe('close client');
  });
});

interface WorkerFacts {
  readonly isTrue: boolean;
  readonly finishWithinMs?: number;
  readonly hangs?: boolean;
}

function aWorker({ isTrue, finishWithinMs = 5_000, hangs = false }: WorkerFacts) {
  const calls: string[] = [];
  const log = createLogBook();
  let verdict: (isTrue: boolean, offset: ClockOffset) => void = () => undefined;
  const offset = { offsetMs: isTrue ? 0 : 9_000, roundTripMs: 1 };
  const clock = {
    isTrue: () => isTrue,
    offset: () => offset,
    watch: (_everyMs: number, onVerdict: typeof verdict) => {
      verdict = onVerdict;
      return () => void calls.push('stop watching');
    },
  };
  const worker = {
    pause: async (atOnce: boolean) => void calls.push(atOnce ? 'pause at once' : 'pause'),
    resume: () => void calls.push('resume'),
  };
  const end = async (): Promise<void> => {
    // A job that hangs ends when it is given up.
    if (hangs) await new Promise((resolve) => shutdown.signal.addEventListener('abort', resolve));
    await Promise.resolve();
    calls.push('end processor');
  };
  const processor = Object.create(FetchProcessor.prototype, {
    worker: { value: worker },
    end: { value: end },
  }) as unknown;
  const discovery = { getProviders: () => [{ instance: processor }, { instance: {} }, { instance: undefined }] };
  const client = { close: () => void calls.push('close client') };
  const shutdown = new AbortController();
  const lifecycle = new WorkerLifecycle(
    clock as never,
    client as never,
    discovery as never,
    log.logger,
    shutdown,
    finishWithinMs,
  );
  return { lifecycle, calls, log, shutdown, measured: (now: boolean) => verdict(now, offset) };
}
