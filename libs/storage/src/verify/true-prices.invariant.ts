import { compareDecimals, MAX_WINDOW_SECONDS, PRICE_FLAGS } from '@app/domain';
import { readMode, readSimulations, type SimulationSettings } from '../schema/settings.repository.js';
import { ProblemList, type Finding, type Snapshot } from './finding.js';
import { readRowRates, type Horizon } from './horizon.js';
import { secondsOf, simulationsAt } from './observed-seconds.js';
import { cutIntoWindows, type SlotWindow } from './slot-windows.js';

/** What the simulator is asked: its price of every second of a short range. */
export interface ExpectedPriceQuestion {
  readonly simulation: SimulationSettings;
  /** Name of the source. */
  readonly source: string;
  /** The ticker's name at that source. */
  readonly name: string;
  readonly quote: string;
  /** UNIX seconds, both inclusive, at most 30 apart. */
  readonly fromSecond: number;
  readonly toSecond: number;
}

/**
 * The simulator's own prices: for each question one text per second, or undefined when the simulator does not know the name.
 * @throws ExpectedPricesUnavailableError when it cannot be asked at all.
 */
export type ExpectedPricesOf = (
  questions: readonly ExpectedPriceQuestion[],
) => Promise<readonly (readonly string[] | undefined)[]>;

/** Thrown when nobody can tell what the simulator's price was, e.g. because the file that it replayed is gone. */
export class ExpectedPricesUnavailableError extends Error {
  override readonly name = 'ExpectedPricesUnavailableError';
}

/**
 * An accepted sample, with the price that was served from it when there is one. Of one that was calculated it is the text on the wire
 * that the simulator knows, in the currency of the wire; that the price follows from it is I1's to prove.
 */
interface AcceptedSample {
  readonly ticker: string;
  readonly quote: string;
  readonly source: string;
  readonly source_symbol: string;
  readonly slot: number;
  readonly price: string;
  readonly served: string | null;
  readonly origin: 'live' | 'history';
  readonly window_seconds: number;
  readonly requested_ms: number | null;
  readonly observed_ms: number | null;
  readonly source_time_ms: number | null;
}

const TITLE = "every price is the simulator's at some second between request and receipt";

/** The simulator takes this many questions at a time. */
const QUESTIONS_PER_PAGE = 5_000;
const ROWS_PER_WINDOW = 60_000;

/** I4: asks `expectedPricesOf` for the price of every accepted sample. Only a simulated database has prices to compare with. */
export async function checkTruePrices(
  snapshot: Snapshot,
  horizon: Horizon,
  expectedPricesOf: ExpectedPricesOf | undefined,
): Promise<Finding> {
  const mode = await readMode(snapshot);
  if (mode !== 'simulated')
    return unproven(`the prices of a ${mode ?? 'nameless'} database are real: nobody knows them better`);
  const simulations = await readSimulations(snapshot);
  if (simulations.length === 0) return unproven('the database does not say what its simulator priced by');
  if (expectedPricesOf === undefined) return unproven('no simulator was given to compare with');

  const problems = new ProblemList();
  let compared = 0;
  let reason: string | undefined;
  try {
    for (const window of cutIntoWindows(await readRowRates(snapshot, horizon), ROWS_PER_WINDOW)) {
      const samples = await readAccepted(snapshot, window);
      for (let start = 0; start < samples.length; start += QUESTIONS_PER_PAGE) {
        const page = samples.slice(start, start + QUESTIONS_PER_PAGE);
        await comparePage(page, simulations, expectedPricesOf, problems);
        compared += page.length;
      }
    }
  } catch (error) {
    if (!(error instanceof ExpectedPricesUnavailableError)) throw error;
    reason = error.message;
  }
  if (compared === 0) reason ??= 'there is no accepted sample to compare';
  return {
    invariant: 'I4',
    title: TITLE,
    status: problems.status === 'broken' ? 'broken' : reason === undefined ? 'ok' : 'unproven',
    figures: [
      { name: 'compared', value: compared },
      { name: 'different', value: problems.problems.reduce((sum, { count }) => sum + count, 0) },
    ],
    problems: problems.problems,
    ...(reason === undefined ? {} : { reason }),
  };
}

function unproven(reason: string): Finding {
  return { invariant: 'I4', title: TITLE, status: 'unproven', figures: [], problems: [], reason };
}

/** Asks about a page of samples; a sample near the start of another simulation is asked about in both. */
async function comparePage(
  samples: readonly AcceptedSample[],
  simulations: readonly SimulationSettings[],
  expectedPricesOf: ExpectedPricesOf,
  problems: ProblemList,
): Promise<void> {
  const questions = samples.flatMap((sample) => {
    const seconds = secondsOf(toObservation(sample));
    if (seconds === undefined) return [];
    const { source, source_symbol: name, quote } = sample;
    return simulationsAt(simulations, toObservation(sample)).map((simulation) => ({
      sample,
      question: { simulation, source, name, quote, fromSecond: seconds.from, toSecond: seconds.to },
    }));
  });
  const answers = await expectedPricesOf(questions.map(({ question }) => question));
  const expected = new Map<AcceptedSample, string[]>();
  const unknown = new Set<AcceptedSample>();
  questions.forEach(({ sample }, index) => {
    const prices = answers[index];
    if (prices === undefined) unknown.add(sample);
    expected.set(sample, [...(expected.get(sample) ?? []), ...(prices ?? [])]);
  });
  for (const sample of samples) {
    const fault = faultOf(sample, expected.get(sample), unknown.has(sample));
    if (fault !== undefined) {
      const detail = `${sample.source}: ${fault}`;
      problems.add({
        problem: 'price that the simulator never gave',
        count: 1,
        examples: [{ ticker: sample.ticker, slot: sample.slot, detail }],
      });
    }
  }
}

/** What is wrong with a sample or with the price served from it; undefined when both are true. */
function faultOf(
  sample: AcceptedSample,
  expected: readonly string[] | undefined,
  isUnknown: boolean,
): string | undefined {
  if (expected === undefined) return `price ${sample.price}, and no second lies between request and receipt`;
  if (expected.length === 0 && isUnknown)
    return `price ${sample.price}, and the simulator knows no "${sample.source_symbol}"`;
  const isTrue = (price: string): boolean => expected.some((one) => one === price || compareDecimals(one, price) === 0);
  const instead = `the simulator gave ${[...new Set(expected)].slice(0, 5).join(', ')}`;
  if (!isTrue(sample.price)) return `sample ${sample.price}, ${instead}`;
  if (sample.served !== null && !isTrue(sample.served)) return `price ${sample.served}, ${instead}`;
  return undefined;
}

function toObservation(sample: AcceptedSample) {
  return {
    slot: sample.slot,
    windowSeconds: sample.window_seconds,
    origin: sample.origin,
    requestedMs: sample.requested_ms ?? undefined,
    observedMs: sample.observed_ms ?? undefined,
    sourceTimeMs: sample.source_time_ms ?? undefined,
  };
}

async function readAccepted(snapshot: Snapshot, window: SlotWindow): Promise<AcceptedSample[]> {
  const result = await snapshot.query<AcceptedSample>(ACCEPTED_SQL, [window.fromSlot, window.toSlot]);
  return result.rows;
}

/** SQL: the price was calculated from the text on the wire. */
const IS_DERIVED = `(a.flags & ${PRICE_FLAGS.derived}) <> 0`;

/** Accepted samples of the slots $1 to $2 (exclusive) with what their schedule says of them. */
const ACCEPTED_SQL = `
  WITH price AS MATERIALIZED (
    SELECT t.id AS ticker_id, kept.*
    FROM tickers t CROSS JOIN LATERAL (
      SELECT slot, source_id, price FROM prices WHERE ticker_id = t.id AND slot >= $1::bigint AND slot < $2::bigint OFFSET 0) AS kept
  ), sample AS MATERIALIZED (
    SELECT s.ticker_id, ts.source_id, ts.source_symbol, ts.quoted_in, least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS window_seconds, kept.*
    FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
    CROSS JOIN LATERAL (
      SELECT slot, price, raw, flags, origin, requested_at, observed_at, source_time FROM samples
      WHERE ticker_id = s.ticker_id AND source_id = ts.source_id AND outcome = 'accepted'
        AND slot >= greatest(s.from_slot, $1::bigint) AND slot < least(s.to_slot, $2::bigint) OFFSET 0) AS kept
    WHERE s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  )
  SELECT t.ticker, coalesce(a.quoted_in, t.quote) AS quote, src.name AS source, a.source_symbol, a.slot::float8 AS slot,
         CASE WHEN ${IS_DERIVED} THEN a.raw ELSE a.price::text END AS price, CASE WHEN NOT ${IS_DERIVED} THEN p.price::text END AS served,
         a.origin, a.window_seconds,
         (extract(epoch FROM a.requested_at) * 1000)::float8 AS requested_ms,
         (extract(epoch FROM a.observed_at) * 1000)::float8 AS observed_ms,
         (extract(epoch FROM a.source_time) * 1000)::float8 AS source_time_ms
  FROM sample a JOIN tickers t ON t.id = a.ticker_id JOIN sources src ON src.id = a.source_id
  LEFT JOIN price p ON p.ticker_id = a.ticker_id AND p.slot = a.slot AND p.source_id = a.source_id
  ORDER BY a.slot, a.ticker_id, a.source_id`;
