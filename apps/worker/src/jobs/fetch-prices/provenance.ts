import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import { type CallRecord, type SourceAnswer, SourceError, withoutSecrets } from '@app/sources';
import {
  isTransientDatabaseError,
  type AnsweredCall,
  type AttemptRepository,
  type DriftRepository,
  DriftTally,
  type EarlierCall,
  type FetchMember,
  type FetchResult,
  type Payload,
  type PayloadRepository,
} from '@app/storage';
import { driftTotal } from './call-metrics.js';
import { Counter } from '@prometheus-io/client';
import { recordCall } from './keep-payload.js';
import type { MadeCall } from './symbol-calls.js';

/** How much of what the sources answered is kept. */
export interface ProvenanceLimits {
  /** 0 keeps no bodies. */
  readonly retentionDays: number;
  /** Of bodies as they are stored, compressed, over all workers. */
  readonly maxBytesPerDay: number;
}

/** What provenance works with. */
export interface ProvenanceOptions {
  readonly payloads: Pick<PayloadRepository, 'keep'>;
  readonly attempts: Pick<AttemptRepository, 'record'>;
  readonly drifts: Pick<DriftRepository, 'record'>;
  readonly logger: Logger;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: ProvenanceLimits;
  /** Keys of the sources, which must not be stored. */
  readonly secrets: readonly string[];
  /** By the name of the source. */
  readonly parserVersionOf: (source: string) => string;
}

/** How long something may wait to be written, in milliseconds: one transaction then takes all that came meanwhile. */
const FLUSH_AFTER_MS = 500;
/** After a failure, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** How long the end of the process waits for what is still to be written, in milliseconds. */
const STOP_WITHIN_MS = 1_000;

/** Most characters of bodies that wait: minutes of a database that is away, and memory that a small machine has. */
const MAX_WAITING_CHARACTERS = 32 * 1024 * 1024;
/** Most failed attempts that wait. */
const MAX_WAITING_ATTEMPTS = 10_000;
/** Bodies of one transaction: so many, and so many characters. */
const MAX_BATCH = { payloads: 500, characters: 8 * 1024 * 1024 };

const payloadsTotal = new Counter({
  name: 'tidemark_payloads_total',
  help: 'Answers by what became of their bodies: kept, known (the same body is there), refused (beyond the cap of the day), lost.',
  labelNames: ['outcome'],
});

/**
 * Remembers where prices came from: the bodies of answers, attempts that failed, fields that drifted. A price never waits for it:
 * what came is written a moment later, many at once, on one connection; what cannot be written is given up and said.
 */
export class Provenance {
  private readonly payloads: Payload[] = [];
  private readonly attempts: EarlierCall[] = [];
  private readonly drifts = new DriftTally();
  private waitingCharacters = 0;
  private isOverflowing = false;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ProvenanceOptions) {}

  /** Takes what a call brought that the fetch ends with. @returns how its row tells of it. */
  resultOf(key: FetchJob, { members, end }: MadeCall): FetchResult {
    const { requestedAt, receivedAt, httpStatus } = end;
    if (!(end instanceof SourceError)) {
      const { latencyMs } = end;
      const call = this.keepAnswer(key, members, end);
      return { status: 'answered', requestedAt, receivedAt, httpStatus, latencyMs, call };
    }
    const said = { errorKind: end.kind, errorMessage: this.safe(end.message) };
    const call = this.keepFailure(key, members, end);
    return { status: 'failed', requestedAt, receivedAt, httpStatus, latencyMs: latencyOf(end), ...said, call };
  }

  /** Takes what another call of a fetch brought: one that is followed by another, or was for some of its tickers. */
  keepCall(key: FetchJob, made: MadeCall): void {
    const result = this.resultOf(key, made);
    if (this.attempts.length >= MAX_WAITING_ATTEMPTS) return;
    const { sourceId, batch, slot } = key;
    this.attempts.push({ ...result, sourceId, batch, slot, attempt: made.attempt });
    this.schedule(FLUSH_AFTER_MS);
  }

  /** Takes what an answer brought. @returns what is stored with the call. */
  keepAnswer(key: FetchJob, members: readonly FetchMember[], answer: SourceAnswer): AnsweredCall {
    for (const drift of answer.drifts) this.noteDrift(key, members, answer.endpoint, drift);
    return this.keep(key, answer.call, answer.receivedAt);
  }

  /** Takes what a failed call brought. @returns what is stored with the call; undefined when no answer came. */
  keepFailure(key: FetchJob, members: readonly FetchMember[], error: SourceError): AnsweredCall | undefined {
    const { call, receivedAt, kind, drift, detail } = error;
    if (kind === 'drift' && call !== undefined)
      this.noteDrift(key, members, call.endpoint, drift ?? { field: [], detail });
    return call === undefined ? undefined : this.keep(key, call, receivedAt);
  }

  /** A text without the keys of the sources: a source may repeat in its refusal what it was sent. */
  safe(text: string): string {
    return withoutSecrets(text, this.options.secrets);
  }

  /** Writes what waits. @returns when that was tried. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.running = this.running.then(() => this.write());
    return this.running;
  }

  /** Writes what waits, if that is possible in a moment. Nest calls it when the last job has ended. */
  async onApplicationShutdown(): Promise<void> {
    let giveUp: NodeJS.Timeout | undefined;
    const timeLimit = new Promise<void>((resolve) => (giveUp = setTimeout(resolve, STOP_WITHIN_MS)));
    await Promise.race([this.flush(), timeLimit]);
    clearTimeout(giveUp);
    clearTimeout(this.timer);
  }

  private keep(key: FetchJob, made: CallRecord, receivedAt: Date | undefined): AnsweredCall {
    const { secrets, parserVersionOf, limits, now } = this.options;
    const { call, body } = recordCall(made, { secrets, parserVersion: parserVersionOf(key.source) });
    if (limits.retentionDays > 0) {
      const day = (receivedAt ?? new Date(now())).toISOString().slice(0, 10);
      this.wait({ sha256: call.payloadSha256, body, day });
    }
    return call;
  }

  private wait(payload: Payload): void {
    if (this.waitingCharacters + payload.body.length > MAX_WAITING_CHARACTERS) {
      payloadsTotal.inc({ outcome: 'lost' });
      if (!this.isOverflowing) this.warnOfLoss('too many wait to be written');
      this.isOverflowing = true;
      return;
    }
    this.payloads.push(payload);
    this.waitingCharacters += payload.body.length;
    this.schedule(FLUSH_AFTER_MS);
  }

  private noteDrift(
    key: FetchJob,
    members: readonly FetchMember[],
    endpoint: string,
    drift: { readonly field: readonly string[]; readonly detail: string },
  ): void {
    driftTotal.inc({ source: key.source, endpoint });
    const names = members.flatMap(({ sourceSymbol, ticker }) => [sourceSymbol, ticker]);
    const [field, detail] = [drift.field.map((step) => this.safe(step)), this.safe(drift.detail)];
    this.drifts.add(key, { endpoint, names, field, detail, seenAt: new Date(this.options.now()) });
    this.schedule(FLUSH_AFTER_MS);
  }

  private schedule(afterMs: number): void {
    this.timer ??= setTimeout(() => void this.flush(), afterMs).unref();
  }

  private async write(): Promise<void> {
    await this.writeDrifts();
    await this.writeAttempts();
    while (await this.writePayloads());
    if (this.payloads.length === 0) this.isOverflowing = false;
    if (this.payloads.length + this.attempts.length + this.drifts.size > 0) this.schedule(RETRY_AFTER_MS);
  }

  private async writeDrifts(): Promise<void> {
    const sightings = this.drifts.take();
    await this.attempt(
      async () => {
        for (const { sourceId, ...news } of await this.options.drifts.record(sightings)) {
          const source = this.drifts.sourceOf(sourceId);
          this.options.logger.warn({ event: 'source_drifted', source, ...news }, 'a source changed a field');
        }
      },
      () => this.drifts.putBack(sightings),
    );
  }

  private async writeAttempts(): Promise<void> {
    const attempts = this.attempts.splice(0);
    await this.attempt(
      () => this.options.attempts.record(attempts),
      () => this.attempts.unshift(...attempts),
    );
  }

  /** Writes a batch of bodies. @returns whether to go on with the next. */
  private async writePayloads(): Promise<boolean> {
    const batch = this.nextBatch();
    if (batch.length === 0) return false;
    const wasWritten = await this.attempt(
      async () => {
        const { logger, payloads, limits } = this.options;
        for (const kept of await payloads.keep(batch, limits.maxBytesPerDay)) {
          for (const outcome of ['kept', 'known', 'refused'] as const) payloadsTotal.inc({ outcome }, kept[outcome]);
          if (kept.isFirstRefusal) {
            const max_mb = limits.maxBytesPerDay / 2 ** 20;
            logger.warn({ event: 'payload_limit_reached', day: kept.day, max_mb }, 'no more bodies are kept today');
          }
        }
      },
      () => {
        this.payloads.unshift(...batch);
        this.waitingCharacters += batch.reduce((sum, { body }) => sum + body.length, 0);
      },
    );
    return wasWritten;
  }

  private nextBatch(): Payload[] {
    let characters = 0;
    let count = 0;
    for (const { body } of this.payloads) {
      if (count > 0 && (count >= MAX_BATCH.payloads || characters + body.length > MAX_BATCH.characters)) break;
      characters += body.length;
      count += 1;
    }
    this.waitingCharacters -= characters;
    return this.payloads.splice(0, count);
  }

  /** @returns whether to go on: false when the database is away, and what was given waits again. */
  private async attempt(work: () => Promise<void>, putBack: () => void): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const isAway = isTransientDatabaseError(error);
      if (isAway) putBack();
      else this.warnOfLoss('Postgres refused it', error);
      return !isAway;
    }
  }

  private warnOfLoss(why: string, error?: unknown): void {
    this.options.logger.warn({ event: 'provenance_lost', why, err: error }, 'what sources answered is not kept');
  }
}

/** From the beginning of a failed call to its answer, in milliseconds; undefined when none came. */
function latencyOf({ requestedAt, receivedAt }: Pick<SourceError, 'requestedAt' | 'receivedAt'>) {
  if (requestedAt === undefined || receivedAt === undefined) return undefined;
  return Math.max(0, receivedAt.getTime() - requestedAt.getTime());
}
