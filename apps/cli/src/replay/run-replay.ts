import type { Source } from '@app/sources';
import { checkSchema, createPool, ReplayRepository, RevisionRepository, type Pool } from '@app/storage';
import { readCliSettings } from '../cli-settings.js';
import { knownSources, sourceNamed } from '../known-sources.js';
import { runAlone } from '../run-alone.js';
import type { Progress, Terminal } from '../terminal.js';
import { wrapLines } from '@app/process';
import { findDatabase } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';
import { replayAnswers, type FoundDifference, type ReplayCounts } from './replay-answers.js';
import { replayCommand, type ReplayArguments } from './replay-arguments.js';

/** Exit statuses: nothing differs, or all of it was stored; something differs; asked wrongly, or nothing could be replayed. */
const SAME = 0;
const DIFFERENT = 1;
const NOT_REPLAYED = 2;

/** Slots younger than this may still get their outcomes, in seconds. */
const CLOSED_AFTER_SECONDS = 120;

/** What is being done is said no more often than this, in milliseconds. */
const PROGRESS_EVERY_MS = 2_000;

/** Runs the replay. Never throws. @param sources default: those that this build and the environment know. @returns the exit status. */
export async function runReplay(
  words: readonly string[],
  terminal: Terminal,
  sources?: readonly Source[],
): Promise<number> {
  let status = SAME;
  const command = replayCommand(terminal, async (given) => {
    status = await replay(given, terminal, sources ?? (await knownSources(terminal)));
  });
  return runAlone(command, words, {
    terminal,
    status: () => status,
    whenMisused: NOT_REPLAYED,
    failure: 'Nothing was replayed',
  });
}

async function replay(given: ReplayArguments, terminal: Terminal, sources: readonly Source[]): Promise<number> {
  const { settings } = readCliSettings(terminal, sources);
  const asked = given.source === undefined ? undefined : sourceNamed(given.source, sources);
  const database = await findDatabase(loadVerifySettings(terminal.environment), {
    purpose: 'to replay from',
    signal: terminal.signal,
  });
  const pool = createPool({
    url: database.url,
    applicationName: 'tidemark-replay',
    maxConnections: 2,
    onIdleError: () => undefined,
  });
  const progress = terminal.progress();
  const sayBreakingOff = (): void =>
    terminal.complain('Breaking off: the answer in hand is finished first. Once more ends it at once.\n');
  terminal.signal?.addEventListener('abort', sayBreakingOff, { once: true });
  try {
    await requireSchema(pool);
    const counts = await replayAnswers({
      stored: new ReplayRepository(pool),
      revisions: new RevisionRepository(pool),
      sourceOf: (name) => sources.find((source) => source.name === name) ?? (name === asked?.name ? asked : undefined),
      sourceIds: asked === undefined ? undefined : [asked.id],
      fromSlot: given.from,
      toSlot: Math.min(given.to, Math.floor(terminal.now() / 1000) - CLOSED_AFTER_SECONDS),
      judging: { stablecoinsAtPar: settings.ASSUME_STABLECOINS_AT_PAR === 'true' },
      driftPolicy: settings.DRIFT_POLICY,
      apply: given.apply,
      now: () => terminal.now(),
      signal: terminal.signal,
      onDifference: (difference) => terminal.print(`${wrapLines(lineOf(difference), terminal.columns)}\n`),
      onProgress: atTimes(terminal, progress, ({ source, batch }, slot, { answers, differing }) => {
        return `${source} ${batch}, ${timeOf(slot)}: ${answers} answers read, ${differing} samples differ`;
      }),
    });
    progress.end();
    return conclude(counts, given, terminal);
  } finally {
    terminal.signal?.removeEventListener('abort', sayBreakingOff);
    progress.end();
    await pool.end();
    await database.release();
  }
}

async function requireSchema(pool: Pool): Promise<void> {
  const schema = await checkSchema(pool);
  if (!schema.fits) throw new Error(schema.advice);
}

function atTimes<Given extends unknown[]>(
  terminal: Terminal,
  progress: Progress,
  words: (...given: Given) => string,
): (...given: Given) => void {
  let saidAtMs = terminal.now();
  return (...given) => {
    if (terminal.now() - saidAtMs < PROGRESS_EVERY_MS) return;
    saidAtMs = terminal.now();
    progress.say(words(...given));
  };
}

function lineOf({ slot, ticker, source, stored, now }: FoundDifference): string {
  return `${timeOf(slot)} ${slot} ${ticker} ${source}: ${stored} -> ${now}`;
}

function timeOf(slot: number): string {
  return new Date(slot * 1000).toISOString().replace('.000Z', 'Z');
}

/** Prints the counts. @returns the exit status. */
function conclude(counts: ReplayCounts, { apply }: ReplayArguments, terminal: Terminal): number {
  const { answers, samples, differing, withoutBody, unknown, skipped } = counts;
  const lines = [`${answers} answers read again: ${samples} samples, ${differing} differ.`];
  if (withoutBody > 0) lines.push(`${withoutBody} answers have no body any more, or never had: not read.`);
  if (unknown > 0) lines.push(`${unknown} answers are of sources that are not known here: not read.`);
  if (apply) {
    lines.push(`Stored: ${counts.correctedSamples} samples and ${counts.correctedPrices} prices have a new revision.`);
    if (skipped > 0) lines.push(`${skipped} samples had changed meanwhile and were left alone: replay them again.`);
  }
  const isBrokenOff = terminal.signal?.aborted === true;
  if (isBrokenOff) lines.push('Broken off: the rest was not read.');
  terminal.print(`${wrapLines(lines.join('\n'), terminal.columns)}\n`);
  if (isBrokenOff) return DIFFERENT;
  return differing === 0 || (apply && skipped === 0) ? SAME : DIFFERENT;
}
