import { keepsSourceLimits } from '@app/config';
import { ingest, openList, readLinkRules, RunFailedError, type IngestOutcome, type Wait } from '@app/ingestion';
import { callLimitsOf, SourceClient, SOURCES } from '@app/sources';
import {
  AssetLinkRepository,
  CallBudget,
  checkMode,
  DriftRepository,
  IngestionRepository,
  SourceStateRepository,
  type Pool,
} from '@app/storage';
import { readCliSettings } from '../cli-settings.js';
import type { Terminal } from '../terminal.js';
import { progressLine } from './progress-line.js';
import { readIngestionSettings, withDatabase } from './with-database.js';

/** What a run came to. */
export interface RunEnd extends IngestOutcome {
  readonly source: string;
  readonly status: 'completed' | 'failed';
  readonly error: string | null;
  readonly sentence: string;
}

/** Runs a list once. @throws RunUnderWayError and whatever keeps the run from beginning. */
export async function runList(terminal: Terminal, source: string): Promise<RunEnd> {
  const lists = readIngestionSettings(terminal);
  const linkRules = await readLinkRules(lists.ETL_LINKS_FILE);
  const { settings, access } = readCliSettings(terminal, SOURCES);
  const { HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy, DRIFT_POLICY: driftPolicy } = settings;
  const now = () => terminal.now();
  const client = new SourceClient({ access, driftPolicy, httpsProxy, noProxy, now });
  const progress = terminal.progress();
  const onWait = ({ afterMs, why }: Wait) => progress.say(`${source}: waiting ${(afterMs / 1000).toFixed(1)} s ${why}`);
  const budgetOf = (pool: Pool) => {
    const budget = new CallBudget(pool);
    return (of: (typeof SOURCES)[number], cost: number, nowMs: number, keptFree: number) =>
      budget.take({ sourceId: of.id, cost, nowMs, keptFree, ...callLimitsOf(of, access[of.name]) });
  };
  try {
    return await withDatabase(terminal, async (pool) => {
      await checkMode(pool, lists.TIDEMARK_MODE);
      const list = await openList(source, {
        ...{ client, driftPolicy, csvFolder: lists.ETL_CSV_DIR, pages: { coingecko: lists.ETL_COINGECKO_PAGES } },
        ...{ takeCall: keepsSourceLimits({ ...settings, ...lists }) ? budgetOf(pool) : undefined, onWait, now },
        states: new SourceStateRepository(pool),
      });
      let first: number | undefined;
      const say = progressLine(source, terminal, (line) => progress.say(line));
      const signal = terminal.signal ?? new AbortController().signal;
      try {
        const outcome = await ingest(list, {
          ...{ runs: new IngestionRepository(pool), signal },
          ...{ batchSize: lists.ETL_BATCH_SIZE, failAfterRecords: lists.FAIL_AFTER_N_RECORDS },
          keepDrifts: async (sightings) => {
            for (const { detail } of await new DriftRepository(pool).record(sightings))
              terminal.complain(`${source} changed a field: ${detail}\n`);
          },
          onProgress: (done) => {
            // After its first batch: what else is done of the page is what an earlier run did.
            first ??= done.pageDone - done.processed + 1;
            say(done);
          },
        });
        await new AssetLinkRepository(pool).link(linkRules);
        return { source, status: 'completed', error: null, ...outcome, sentence: sentenceOf(source, first, outcome) };
      } catch (error) {
        if (!(error instanceof RunFailedError)) throw error;
        const sentence = `${sentenceOf(source, first, error.outcome)}\nThe run failed: ${error.message}`;
        return { source, status: 'failed', error: error.message, ...error.outcome, sentence };
      }
    });
  } finally {
    progress.end();
    client.close();
  }
}

function sentenceOf(
  source: string,
  first: number | undefined,
  { runId, processed, lastProcessedId, ...counts }: IngestOutcome,
): string {
  const last = lastProcessedId === null ? '' : `, the last one ${lastProcessedId}`;
  const from = first === undefined || first === 1 ? '' : `, from record ${first} of its page on`;
  const shifted = (['repeated', 'missed', 'returned'] as const).filter((name) => counts[name] > 0);
  const became = `${counts.written} written, ${counts.unchanged} unchanged, ${counts.quarantined} in quarantine`;
  const moved = shifted.map((name) => `, ${counts[name]} ${name}`).join('');
  return `Run ${runId} of ${source}${from}: ${processed} records${last}; ${became}${moved}.`;
}
