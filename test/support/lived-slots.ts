import { slotAt, type Rule, type RuleOptions, type ScheduledSource } from '@app/domain';
import type { FetchJob } from '@app/queue';
import { CloseRepository } from '@app/storage';
import { RetryFetchError } from '../../apps/worker/src/jobs/fetch-prices/fetch-errors.js';
import { catalogueTickers } from '../builders/catalogued-ticker.js';
import { planFetches } from '../builders/planned-fetch.js';
import type { FetchFixture } from './fetch-fixture.js';

/** A ticker that a test lives through; the interval is a minute. */
export interface LivedTicker {
  readonly ticker: string;
  readonly rule?: Rule;
  readonly ruleOptions?: RuleOptions;
  readonly sources: readonly (Pick<ScheduledSource, 'sourceId' | 'sourceSymbol'> & Partial<ScheduledSource>)[];
}

/** What a source answers to a path with its query; undefined: 404. */
export type LivedAnswer = (
  path: string,
  slot: number,
) =>
  { readonly status?: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> } | undefined;

/** Seconds between two slots. */
export const LIVED_INTERVAL = 60;

/** The first slot of a past that ended some minutes ago. */
export function firstLivedSlot(slots: number): number {
  return slotAt(Date.now(), LIVED_INTERVAL) - (slots + 5) * LIVED_INTERVAL;
}

/** Puts tickers into the catalogue from a slot on. */
export async function catalogueLived(
  fixture: FetchFixture,
  fromSlot: number,
  tickers: readonly LivedTicker[],
): Promise<void> {
  const { url, pool } = fixture.database;
  await catalogueTickers(url, ...tickers.map((ticker) => ({ ...ticker, fromSlot, intervalSeconds: LIVED_INTERVAL })));
  for (const { ticker, rule = 'priority', ruleOptions = {}, sources } of tickers) {
    await pool.query(
      `UPDATE schedules SET rule = $2, rule_options = $3 WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = $1)`,
      [ticker, rule, ruleOptions],
    );
    for (const { sourceId, standby = false, quotedIn = null } of sources) {
      await pool.query(
        `UPDATE ticker_sources SET standby = $3, quoted_in = $4 WHERE source_id = $2 AND schedule_id IN (
           SELECT s.id FROM schedules s JOIN tickers t ON t.id = s.ticker_id WHERE t.ticker = $1)`,
        [ticker, sourceId, standby, quotedIn],
      );
    }
  }
}

/** Lives through slots as a running system does: plans, asks the fixture's source, stores, closes. The clock stands in the last of them. */
export async function liveSlots(
  fixture: FetchFixture,
  fromSlot: number,
  slots: number,
  answer: LivedAnswer,
): Promise<void> {
  const { pool } = fixture.database;
  for (let index = 0; index < slots; index += 1) {
    const slot = fromSlot + index * LIVED_INTERVAL;
    fixture.source.answerWith((request, response) => {
      const { status = 200, body, headers = {} } = answer(request.url ?? '', slot) ?? { status: 404, body: '' };
      response.writeHead(status, { date: new Date(fixture.now()).toUTCString(), ...headers }).end(body);
    });
    const keys = await planFetches(pool, slot);
    for (const key of keys) {
      fixture.setClock(slot * 1000 + 100);
      await runToItsEnd(fixture, key);
    }
    await new CloseRepository(pool).closeOverdue(slot + 30, 100);
  }
  await fixture.provenance.flush();
}

/** Runs a fetch again after its waits, as the queue does, until it has its outcome. */
async function runToItsEnd(fixture: FetchFixture, key: FetchJob): Promise<void> {
  for (;;) {
    try {
      return await fixture.run(key);
    } catch (error) {
      if (!(error instanceof RetryFetchError)) throw error;
      fixture.setClock(fixture.now() + error.afterMs);
    }
  }
}
