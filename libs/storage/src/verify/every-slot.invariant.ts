import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';
import { checkBelievedPrices } from './believed-prices.js';
import { EVERY_SLOT_SQL } from './every-slot.sql.js';
import { ProblemList, type Example, type Figure, type Finding, type Problem, type Snapshot } from './finding.js';
import { CATCH_UP_SECONDS, readRowRates, type Horizon } from './horizon.js';
import { countSlotsSql, graceSql, slotAtOrAfterSql } from './slot-sql.js';
import { cutIntoWindows } from './slot-windows.js';
import { GAP_RANGES_SQL, STRAY_ROWS_SQL } from './stray-rows.sql.js';

/** About how many rows one statement works on: some 50 MB in Postgres, and a second of its time. */
export const ROWS_PER_WINDOW = 150_000;

const TITLE = 'every expected slot has one price or a reason, every source that was due one outcome';

interface WindowRow extends Problem {
  readonly kind: 'problem' | 'reason' | 'figure';
}

/**
 * I1: walks over all time, window by window, and holds what the schedules expected against prices, gap ranges, samples and
 * fetches, in both directions. What happened after the last scheduler ended is a finding of its own, which is unproven: only
 * the next scheduler can record why these slots have no price.
 */
export async function checkEverySlot(snapshot: Snapshot, horizon: Horizon): Promise<Finding[]> {
  const problems = new ProblemList();
  const figures = new Map<string, number>();
  const reasons = new Map<string, number>();
  let firstDoubtful: Example | undefined;
  let firstUndecided: Example | undefined;
  for (const window of cutIntoWindows(await readRowRates(snapshot, horizon), ROWS_PER_WINDOW)) {
    const found = await snapshot.query<WindowRow>(EVERY_SLOT_SQL, [
      window.fromSlot,
      window.toSlot,
      horizon.judgedUntilSeconds,
      horizon.endSlot,
      horizon.isRunning,
    ]);
    for (const row of found.rows) {
      if (row.kind === 'problem') problems.add(row);
      else raise(row.kind === 'reason' ? reasons : figures, row.problem, row.count);
    }
    const recomputed = await checkBelievedPrices(snapshot, window, problems);
    raise(figures, 'calculated', recomputed.calculated);
    raise(figures, 'former', recomputed.former);
    raise(figures, 'medians', recomputed.medians);
    raise(figures, 'doubtful', recomputed.doubtful);
    firstDoubtful ??= recomputed.firstDoubtful;
    raise(figures, 'undecided', recomputed.undecided);
    firstUndecided ??= recomputed.firstUndecided;
  }
  await problems.addFrom(snapshot, GAP_RANGES_SQL);
  await problems.addFrom(snapshot, STRAY_ROWS_SQL);

  const expected = figures.get('expected') ?? 0;
  const stored = figures.get('stored') ?? 0;
  const explained = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  const nothingYet = expected === 0 && (await isTooYoung(snapshot, horizon));
  if (expected === 0 && !nothingYet) problems.add(NOTHING_EXPECTED);
  const finding: Finding = {
    invariant: 'I1',
    title: TITLE,
    status: nothingYet && problems.status === 'ok' ? 'unproven' : problems.status,
    figures: [
      { name: 'expected', value: expected },
      { name: 'stored', value: stored },
      { name: 'explained', value: explained, parts: byCount(reasons) },
      { name: 'unexplained', value: expected - stored - explained },
      { name: 'outcomes due', value: figures.get('slotSources') ?? 0 },
      { name: 'fetches', value: figures.get('fetches') ?? 0 },
      { name: 'overtaken', value: figures.get('overtaken') ?? 0 },
      calculatedSamples(figures.get('calculated') ?? 0, figures.get('former') ?? 0),
      { name: 'medians', value: figures.get('medians') ?? 0 },
    ],
    problems: problems.problems,
    ...(nothingYet ? { reason: NOTHING_EXPECTED_YET } : {}),
  };
  const tail = await findTail(snapshot, horizon, figures.get('waiting') ?? 0);
  return [
    finding,
    ...findDoubtful(figures.get('doubtful') ?? 0, firstDoubtful),
    ...findUndecided(figures.get('undecided') ?? 0, firstUndecided),
    ...tail,
  ];
}

function calculatedSamples(value: number, former: number): Figure {
  const name = 'calculated samples';
  return former === 0 ? { name, value } : { name, value, parts: { 'by a rule of before': former } };
}

/** Nothing stored says which build calculated a price: when one of before was running, this was its rule. */
function findDoubtful(value: number, first: Example | undefined): Finding[] {
  if (first === undefined) return [];
  return [
    {
      invariant: 'I1',
      title: 'calculated prices have no more digits than are known, and say how well they are known',
      status: 'unproven',
      figures: [{ name: 'by a rule of before', value }],
      problems: [],
      reason: `builds before the end of 2026 calculated so, and nothing says that one was running, such as for ${first.ticker} in slot ${first.slot}: ${first.detail}`,
    },
  ];
}

/** A correction, a build of before or an order of storing that nothing tells: what was known when they were decided is not stored. */
function findUndecided(value: number, first: Example | undefined): Finding[] {
  if (first === undefined) return [];
  return [
    {
      invariant: 'I1',
      title: 'the flags `unconfirmed` and `frozen` follow from what was reported before',
      status: 'unproven',
      figures: [{ name: 'prices and samples', value }],
      problems: [],
      reason: `what stands there was corrected since, stored by a build of before, or stored in another order than its slots, such as for ${first.ticker} in slot ${first.slot}: ${first.detail}`,
    },
  ];
}

const NOTHING_EXPECTED: Problem = {
  problem: 'no expected slot at all',
  count: 1,
  examples: [
    {
      ticker: 'catalogue',
      slot: null,
      detail: 'no schedule has a slot past its grace: a database in which nothing was expected proves nothing',
    },
  ],
};

const NOTHING_EXPECTED_YET = 'nothing was expected yet, no slot is past its grace: try again in half a minute';

/** Whether something is to be sampled, and the first slot of all is not long enough past its grace for anybody to have judged it. */
async function isTooYoung(snapshot: Snapshot, horizon: Horizon): Promise<boolean> {
  const { rows } = await snapshot.query<{ first: number | null }>(
    `SELECT min(${slotAtOrAfterSql('s.from_slot', 's.interval_seconds')} + ${graceSql('s.interval_seconds')})::float8 AS first
     FROM schedules s WHERE s.to_slot IS NULL OR s.from_slot < s.to_slot`,
  );
  const first = rows[0]?.first ?? undefined;
  return first !== undefined && horizon.nowSeconds - CLOSING_SLACK_SECONDS - CATCH_UP_SECONDS < first;
}

/** The slots past their grace that nobody could deal with, because no scheduler runs; `inHand`: planned and not closed. */
async function findTail(snapshot: Snapshot, horizon: Horizon, inHand: number): Promise<Finding[]> {
  if (horizon.isRunning) return [];
  const graceOver = (second: string): string => `least(s.to_slot, ${second} - ${graceSql('s.interval_seconds')} + 1)`;
  const slots = countSlotsSql(
    `greatest(s.from_slot, ${graceOver('$1::bigint')})`,
    graceOver('$2::bigint'),
    's.interval_seconds',
  );
  const counted = await snapshot.query<{ slots: number }>(
    `SELECT coalesce(sum(${slots}), 0)::float8 AS slots FROM schedules s`,
    [horizon.judgedUntilSeconds, Math.floor(horizon.nowSeconds)],
  );
  const later = counted.rows[0]?.slots ?? 0;
  if (later + inHand === 0) return [];
  const until = new Date(horizon.judgedUntilSeconds * 1000).toISOString().replace('.000', '');
  return [
    {
      invariant: 'I1',
      title: 'expected slots that wait for the next scheduler',
      status: 'unproven',
      figures: [
        { name: 'in hand', value: inHand },
        { name: `since ${until}`, value: later },
      ],
      problems: [],
      reason: 'no scheduler is connected for long enough to have dealt with them: it records why they have no price',
    },
  ];
}

function raise(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

function byCount(counts: Map<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort((left, right) => right[1] - left[1]));
}
