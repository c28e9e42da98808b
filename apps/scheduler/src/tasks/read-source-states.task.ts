import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { restOf } from '@app/domain';
import type { Logger } from '@app/observability';
import { planOf, SOURCES, type SourceAccesses } from '@app/sources';
import { SourceStateRepository, usedCredits, type Pool } from '@app/storage';
import { Gauge } from 'prom-client';
import { AlignedTimer } from './aligned-timer.js';

/** Where the gauges find what they tell. */
export interface SourceGaugesParts {
  readonly pool: Pool;
  readonly access: SourceAccesses;
  /** Whether months are counted. */
  readonly limited: boolean;
  readonly logger: Logger;
  readonly now: () => number;
}

/** As often as Prometheus usually looks, in seconds. */
const EVERY_SECONDS = 15;

const labelNames = ['source'];
const paused = new Gauge({
  name: 'tidemark_source_paused',
  help: '1 while the source has asked to be left alone.',
  labelNames,
});
const benched = new Gauge({
  name: 'tidemark_source_benched',
  help: '1 while the source is on the bench: it kept failing, refused us, or has no key.',
  labelNames,
});
const failures = new Gauge({
  name: 'tidemark_source_failures',
  help: 'Failures of the source since its last success.',
  labelNames,
});
const creditsUsed = new Gauge({
  name: 'tidemark_source_credits_used',
  help: 'Credits of the month of now that have been used.',
  labelNames,
});
const creditsLeft = new Gauge({
  name: 'tidemark_source_credits_left',
  help: 'Credits of the month of now that are left.',
  labelNames,
});

/** How the sources stand with the whole fleet, as Prometheus sees it: read from Postgres now and then, and not at every scrape. */
export class SourceGauges implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly states: SourceStateRepository;
  private readonly timer: AlignedTimer;

  constructor(private readonly parts: SourceGaugesParts) {
    this.states = new SourceStateRepository(parts.pool);
    this.timer = new AlignedTimer({
      everySeconds: EVERY_SECONDS,
      offsetMs: 900,
      now: parts.now,
      work: () => this.refresh(),
      onError: (error) =>
        parts.logger.warn({ event: 'clockwork_failed', doing: 'reading how sources stand', err: error }, 'tried again'),
    });
  }

  onApplicationBootstrap(): void {
    this.timer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.timer.stop();
  }

  /** @throws what the database throws. */
  async refresh(): Promise<void> {
    const nowMs = this.parts.now();
    const states = new Map((await this.states.list()).map((state) => [state.sourceId, state]));
    for (const source of SOURCES) {
      const state = states.get(source.id);
      if (state === undefined) continue;
      const labels = { source: source.name };
      paused.set(labels, restOf({ ...state, benchedUntilMs: undefined }, nowMs) === undefined ? 0 : 1);
      benched.set(labels, state.benchedUntilMs === undefined ? 0 : 1);
      failures.set(labels, state.failures);
      const { monthly } = planOf(source, this.parts.access[source.name]);
      if (!this.parts.limited || monthly === undefined) continue;
      const used = await usedCredits(this.parts.pool, source.id, nowMs);
      creditsUsed.set(labels, used);
      creditsLeft.set(labels, Math.max(0, monthly.credits - used));
    }
  }
}
