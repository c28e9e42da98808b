import { DiscoveryService } from '@nestjs/core';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ClockWatch, type ClockOffset, type Logger } from '@app/observability';
import { SourceClient } from '@app/sources';
import { Gauge } from 'prom-client';
import { FetchProcessor } from './fetch.processor.js';
import { FINISH_WITHIN_MS, LOGGER, SHUTDOWN } from './tokens.js';

/** How often the clock is compared with the database's, in milliseconds. */
const MEASURE_CLOCK_EVERY_MS = 2_000;

const clockOffset = new Gauge({
  name: 'tidemark_clock_offset_seconds',
  help: "This process's clock minus the database's.",
});

/** Stops taking jobs while the clock is wrong, and ends the process without losing what is in hand. */
@Injectable()
export class WorkerLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private stopWatching: (() => void) | undefined;
  private isPaused = false;

  constructor(
    private readonly clock: ClockWatch,
    private readonly client: SourceClient,
    private readonly discovery: DiscoveryService,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SHUTDOWN) private readonly shutdown: AbortController,
    @Inject(FINISH_WITHIN_MS) private readonly finishWithinMs: number,
  ) {}

  onApplicationBootstrap(): void {
    // Before the first job: its price would already come under the wrong slot.
    const offset = this.clock.offset();
    if (offset !== undefined) this.heed(this.clock.isTrue(), offset);
    this.stopWatching = this.clock.watch(MEASURE_CLOCK_EVERY_MS, (isTrue, measured) => this.heed(isTrue, measured));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopWatching?.();
    const giveUp = setTimeout(() => this.shutdown.abort(), this.finishWithinMs);
    try {
      await Promise.all(this.processors().map((processor) => processor.end()));
    } finally {
      clearTimeout(giveUp);
      this.client.close();
    }
  }

  /** Pauses while the clock is wrong. */
  private heed(isTrue: boolean, { offsetMs }: ClockOffset): void {
    clockOffset.set(offsetMs / 1000);
    if (isTrue === !this.isPaused) return;
    this.isPaused = !isTrue;
    this.logger[isTrue ? 'info' : 'error'](
      { event: isTrue ? 'clock_true' : 'clock_wrong', offset_ms: offsetMs },
      CLOCK_MESSAGE[`${isTrue}`],
    );
    for (const processor of this.processors()) {
      if (isTrue) void processor.worker.resume();
      // Without waiting for jobs in hand: they end by themselves.
      else void processor.worker.pause(true);
    }
  }

  private processors(): FetchProcessor[] {
    return this.discovery
      .getProviders()
      .map((wrapper): unknown => wrapper.instance)
      .filter((instance) => instance instanceof FetchProcessor);
  }
}

const CLOCK_MESSAGE = {
  true: 'the clock is right again: taking jobs',
  false: 'the clock is wrong, a price could come under the wrong slot: taking no jobs until it is set right',
};
