import { restOf, windowSeconds } from '@app/domain';
import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import type { SourceAnswer, SourceError } from '@app/sources';
import type { HealthChange, SourceStateRepository } from '@app/storage';
import { sourceCalls, sourceCallSeconds } from './call-metrics.js';
import { retryWhileDatabaseAway } from './retry-while-database-away.js';

/** What the watch works with. */
export interface SourceWatchOptions {
  readonly states: SourceStateRepository;
  readonly logger: Logger;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1: how long a circuit stays open is not quite the same for every source. */
  readonly random: () => number;
}

/** A claim, as far as the watch looks at it. */
export interface WatchedClaim {
  readonly isProbe: boolean;
  /** UNIX second at which the window ends. */
  readonly deadline: number;
}

/** Notes for the whole fleet how the calls to a source end, and says when it is paused, when its circuit opens, and when it is there again. */
export class SourceWatch {
  constructor(private readonly options: SourceWatchOptions) {}

  /** Notes an answer, whatever its prices are worth: the source is there. */
  async answered(key: FetchJob, answer: SourceAnswer, signal: AbortSignal): Promise<void> {
    const { states, logger } = this.options;
    sourceCalls.inc({ source: key.source, outcome: 'answered' });
    sourceCallSeconds.observe({ source: key.source }, answer.latencyMs / 1000);
    const { value } = await retryWhileDatabaseAway(logger, signal, () =>
      states.noteSuccess(key.sourceId, { atMs: answer.receivedAt.getTime(), latencyMs: answer.latencyMs }),
    );
    if (value.recovered) logger.info({ event: 'source_recovered', source: key.source }, 'the source is there again');
  }

  /**
   * Notes a failure.
   * @param message without secrets.
   * @returns until when the source may not be asked, milliseconds since 1970; undefined when it may.
   */
  async failed(
    key: FetchJob,
    claim: WatchedClaim,
    { error, message }: { readonly error: SourceError; readonly message: string },
    signal: AbortSignal,
  ): Promise<{ readonly reason: 'paused' | 'circuit_open'; readonly untilMs: number } | undefined> {
    const { states, logger, now, random } = this.options;
    sourceCalls.inc({ source: key.source, outcome: error.kind });
    observeFailure(key.source, error);
    const failure = {
      kind: error.kind,
      batch: key.batch,
      atMs: now(),
      retryAfterSeconds: error.retryAfterSeconds,
      windowSeconds: windowSeconds(claim.deadline - key.slot),
      isProbe: claim.isProbe,
      message,
    };
    const draw = random();
    const { value: change } = await retryWhileDatabaseAway(logger, signal, () =>
      states.noteFailure(key.sourceId, failure, draw),
    );
    this.say(key.source, change, message);
    return restOf(change.after, failure.atMs);
  }

  /** Counts a call that was refused for a symbol, which is no failure of the source. */
  refused(key: FetchJob, error: SourceError): void {
    sourceCalls.inc({ source: key.source, outcome: error.kind });
    observeFailure(key.source, error);
  }

  /** Lets the next fetch be the probe: this one's call was not made, or says nothing of the source. */
  async withdrawn(key: FetchJob, claim: WatchedClaim, signal: AbortSignal): Promise<void> {
    if (!claim.isProbe) return;
    const { states, logger } = this.options;
    await retryWhileDatabaseAway(logger, signal, () => states.endProbe(key.sourceId));
  }

  /** One line for each opened circuit and each pause, and none for the calls that only met it. */
  private say(source: string, { before, after }: HealthChange, message: string): void {
    const { logger } = this.options;
    if (after.circuitOpenings > before.circuitOpenings) {
      logger.warn(
        {
          event: 'source_circuit_opened',
          source,
          reason: after.circuitReason,
          failures: after.failures,
          until: isoTime(after.circuitOpenUntilMs),
        },
        message,
      );
    }
    if (after.pauses > before.pauses) {
      logger.warn({ event: 'source_paused', source, until: isoTime(after.pausedUntilMs) }, message);
    }
  }
}

function observeFailure(source: string, { requestedAt, receivedAt }: SourceError): void {
  if (requestedAt === undefined || receivedAt === undefined) return;
  sourceCallSeconds.observe({ source }, Math.max(0, receivedAt.getTime() - requestedAt.getTime()) / 1000);
}

function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
