import { judgeAnswer, type JudgedSample, type JudgeOptions } from '@app/domain';
import { parserVersionOf, readAnswer, SourceError, type DriftPolicy, type Source } from '@app/sources';
import type {
  Corrected,
  Correction,
  ReplayBatch,
  ReplayMember,
  ReplayRepository,
  RevisionRepository,
  StoredAnswer,
} from '@app/storage';
import { compareSample } from './compare-sample.js';

/** A sample that would stand otherwise today. */
export interface FoundDifference {
  readonly ticker: string;
  readonly source: string;
  readonly slot: number;
  readonly stored: string;
  readonly now: string;
}

/** What a replay has come to so far. */
export interface ReplayCounts {
  /** Answers that were read again. */
  answers: number;
  /** Answers whose body was not kept, or is past its retention. */
  withoutBody: number;
  /** Answers of sources that this build does not know. */
  unknown: number;
  samples: number;
  differing: number;
  /** With `apply`: samples and prices that have a new revision, and samples that had changed meanwhile. */
  correctedSamples: number;
  correctedPrices: number;
  skipped: number;
}

/** How stored answers are replayed. */
export interface ReplayOptions {
  readonly stored: ReplayRepository;
  readonly revisions: Pick<RevisionRepository, 'correct'>;
  /** By the name under which their answers are stored. */
  readonly sourceOf: (name: string) => Source | undefined;
  /** Undefined: all sources. */
  readonly sourceIds?: readonly number[] | undefined;
  readonly fromSlot: number;
  /** End, exclusive. */
  readonly toSlot: number;
  readonly judging: JudgeOptions;
  readonly driftPolicy: DriftPolicy;
  /** Whether what differs is stored. */
  readonly apply: boolean;
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly onDifference: (difference: FoundDifference) => void;
  readonly onProgress: (batch: ReplayBatch, slot: number, counts: ReplayCounts) => void;
}

/** Answers of one portion at most... */
const MAX_ANSWERS = 500;
/** ...and bytes of their bodies: what is in memory at a time, besides one body that is longer. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Reads stored answers once more with today's parser and checks, portion by portion, and holds the result against what is stored. */
export async function replayAnswers(options: ReplayOptions): Promise<ReplayCounts> {
  const counts = { answers: 0, withoutBody: 0, unknown: 0, samples: 0, differing: 0 };
  const all: ReplayCounts = { ...counts, correctedSamples: 0, correctedPrices: 0, skipped: 0 };
  for (const batch of await options.stored.batches(options.sourceIds)) {
    let fromSlot = options.fromSlot;
    for (;;) {
      const answers = await options.stored.answers(batch, fromSlot, options.toSlot, MAX_ANSWERS);
      for (const portion of portionsOf(answers)) {
        await replayPortion(batch, portion, options, all);
        if (options.signal?.aborted === true) return all;
        options.onProgress(batch, portion.at(-1)?.slot ?? fromSlot, all);
      }
      const last = answers.at(-1);
      if (last === undefined || answers.length < MAX_ANSWERS) break;
      fromSlot = last.slot + 1;
    }
  }
  return all;
}

/** Cuts answers so that their bodies, each different one counted once, fit into memory. */
function portionsOf(answers: readonly StoredAnswer[]): StoredAnswer[][] {
  const portions: StoredAnswer[][] = [];
  let bytes = Infinity;
  for (const answer of answers) {
    bytes += answer.bytes ?? 0;
    if (bytes > MAX_BYTES) {
      portions.push([]);
      bytes = answer.bytes ?? 0;
    }
    portions.at(-1)?.push(answer);
  }
  return portions;
}

async function replayPortion(
  batch: ReplayBatch,
  answers: readonly StoredAnswer[],
  options: ReplayOptions,
  counts: ReplayCounts,
): Promise<void> {
  const source = options.sourceOf(batch.source);
  if (source === undefined) {
    counts.unknown += answers.length;
    return;
  }
  const kept = answers.filter(({ bytes }) => bytes !== null);
  const bodies = await options.stored.bodies(kept.map(({ sha256 }) => sha256));
  const members = Map.groupBy(
    await options.stored.members(
      batch,
      kept.map(({ slot }) => slot),
    ),
    ({ slot }) => slot,
  );
  for (const answer of answers) {
    if (options.signal?.aborted === true) return;
    const body = bodies.get(answer.sha256);
    if (body === undefined) {
      counts.withoutBody += 1;
      continue;
    }
    counts.answers += 1;
    await replayAnswer({ batch, source, ...answer, body, members: members.get(answer.slot) ?? [] }, options, counts);
  }
}

/** A stored answer with all that reading it again takes. */
interface WholeAnswer extends StoredAnswer {
  readonly batch: ReplayBatch;
  readonly source: Source;
  readonly body: string;
  readonly members: readonly ReplayMember[];
}

async function replayAnswer(answer: WholeAnswer, options: ReplayOptions, counts: ReplayCounts): Promise<void> {
  const { batch, source, members, slot } = answer;
  if (members.length === 0) return;
  const judged = new Map(readAgain(answer, options).map((sample) => [sample.tickerId, sample]));
  const corrections: Correction[] = [];
  for (const { tickerId, ticker, sample: stored, ...conversion } of members) {
    const sample = judged.get(tickerId);
    if (stored === undefined || sample === undefined) continue;
    counts.samples += 1;
    const difference = compareSample(stored, sample, conversion);
    if (difference === undefined) continue;
    counts.differing += 1;
    options.onDifference({ ticker, source: batch.source, slot, ...difference });
    corrections.push({ sample, revision: stored.revision });
  }
  if (!options.apply || corrections.length === 0) return;
  const done: Corrected = await options.revisions.correct(corrections, {
    sourceId: batch.sourceId,
    slot,
    cause: `replay: parser ${answer.parserVersion} -> ${parserVersionOf(source.name)}`,
    nowSeconds: Math.floor(options.now() / 1000),
  });
  counts.correctedSamples += done.samples;
  counts.correctedPrices += done.prices;
  counts.skipped += done.skipped;
}

/** What today's parser and checks make of an answer, at the time at which it came. */
function readAgain(
  { source, endpoint, httpStatus, headers, body, members, requestedAt, receivedAt, slot }: WholeAnswer,
  { judging, driftPolicy }: ReplayOptions,
): JudgedSample[] {
  try {
    const nowMs = receivedAt.getTime();
    const response = { status: httpStatus, headers, body };
    const answer = readAnswer(source, members, response, { endpoint, driftPolicy, nowMs });
    return judgeAnswer(members, slot, { ...answer, requestedAt, receivedAt }, judging);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return members.map(({ tickerId }) => ({ tickerId, outcome: 'failed', reason: error.kind }));
  }
}
