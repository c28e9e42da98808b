import { mergeNeighbours, pageOf, type FoundEntries, type GapEntry, type MissingSlot } from './gap-entries.js';
import {
  COUNTS,
  GAP_RANGES,
  PLANNED_MISSING,
  REASONED_COUNT,
  UNEXPLAINED_MISSING,
  VERSIONS,
} from './gap-statements.js';
import type { ReadDatabase, Reader } from './read-database.js';
import { closedRangesOf, rangesFrom, type ScheduleVersion, type ClosedRange } from './closed-ranges.js';

export type { GapEntry, MissingSource } from './gap-entries.js';

/** What of a ticker is asked for. */
export interface GapQuestion {
  readonly tickerId: number;
  /** UNIX seconds, inclusive. */
  readonly from: number;
  /** UNIX seconds, exclusive. */
  readonly to: number;
  readonly nowSeconds: number;
  /** Entries before this UNIX second have been given already. */
  readonly after: number;
  /** Most entries to give. */
  readonly limit: number;
}

/** What was expected of a range, what is there, and why the rest is not. */
export interface GapReport {
  /** UNIX second up to which every slot of the range is past its grace; later ones are not counted. */
  readonly decidedTo: number;
  readonly expected: number;
  readonly stored: number;
  readonly missing: number;
  /** Missing slots without a reason. The promise is that there are none. */
  readonly unexplained: number;
  readonly entries: readonly GapEntry[];
  /** `after` of the next page; undefined when this is the last. */
  readonly next: number | undefined;
}

interface Counts {
  readonly stored: number;
  readonly inRanges: number;
}

/** Fewest slots looked at for a page: neighbours become one entry, so a page of few entries may stand for many slots. */
const MIN_SCANNED_SLOTS = 1_000;

/** Tells what is missing and why: the promise, as an answer. */
export class GapReader {
  constructor(private readonly database: ReadDatabase) {}

  /** Counts a range and lists what is missing in it, all from one state of the database. */
  async report(question: GapQuestion): Promise<GapReport> {
    return this.database.snapshot((reader) => report(reader, question));
  }
}

async function report(reader: Reader, question: GapQuestion): Promise<GapReport> {
  const { tickerId, from, to, nowSeconds, after, limit } = question;
  const versions = await reader.rows<ScheduleVersion>(VERSIONS, [tickerId, from, to]);
  const { ranges, expected, decidedTo } = closedRangesOf(versions, from, to, nowSeconds);
  const [counts] = await reader.rows<Counts>(COUNTS, [tickerId, ...columnsOf(ranges)]);
  const { stored, inRanges } = counts ?? { stored: 0, inRanges: 0 };
  const missing = expected - stored;
  // Most ranges have nothing left to explain here, and then the samples need no look at all.
  const withReason = missing > inRanges ? await countReasoned(reader, tickerId, ranges) : 0;
  const unexplained = missing - withReason - inRanges;

  const left = rangesFrom(ranges, after);
  const end = Math.max(...left.map((range) => range.toSlot), after);
  const scan = Math.max(limit + 1, MIN_SCANNED_SLOTS);
  const found: FoundEntries[] = [];
  if (withReason > 0) found.push(await missingSlots(reader, PLANNED_MISSING, { tickerId, ranges: left, scan }));
  if (inRanges > 0) found.push(await gapRanges(reader, tickerId, left, { after, end, limit: limit + 1 }));
  if (unexplained > 0) found.push(await missingSlots(reader, UNEXPLAINED_MISSING, { tickerId, ranges: left, scan }));
  const page = pageOf(found, limit);
  return { decidedTo, expected, stored, missing, unexplained, entries: page.entries, next: page.next };
}

async function countReasoned(reader: Reader, tickerId: number, ranges: readonly ClosedRange[]): Promise<number> {
  const [row] = await reader.rows<{ withReason: number }>(REASONED_COUNT, [tickerId, ...columnsOf(ranges)]);
  return row?.withReason ?? 0;
}

/** A row of a missing slot; without samples it has no list of sources. */
type StoredMissingSlot = Omit<MissingSlot, 'sources'> & { readonly sources: MissingSlot['sources'] | null };

async function missingSlots(
  reader: Reader,
  statement: typeof PLANNED_MISSING,
  { tickerId, ranges, scan }: { tickerId: number; ranges: readonly ClosedRange[]; scan: number },
): Promise<FoundEntries> {
  const slots = await reader.rows<StoredMissingSlot>(statement, [tickerId, ...columnsOf(ranges), scan]);
  const last = slots.at(-1);
  return {
    // A refusal whose samples are past their retention has no outcomes left.
    entries: mergeNeighbours(slots.map((slot) => ({ ...slot, sources: slot.sources ?? [] }))),
    horizon: slots.length === scan && last !== undefined ? last.slot + 1 : undefined,
  };
}

async function gapRanges(
  reader: Reader,
  tickerId: number,
  ranges: readonly ClosedRange[],
  part: { readonly after: number; readonly end: number; readonly limit: number },
): Promise<FoundEntries> {
  const values = [tickerId, ...columnsOf(ranges), part.limit, part.after, part.end];
  const rows = await reader.rows<Omit<GapEntry, 'sources'>>(GAP_RANGES, values);
  const last = rows.at(-1);
  return {
    entries: rows.map(({ from, to, slots, reason }) => ({ from, to, slots, reason, sources: [] })),
    horizon: rows.length === part.limit && last !== undefined ? last.to : undefined,
  };
}

/** Ranges as the arrays that the statements take. */
function columnsOf(ranges: readonly ClosedRange[]): number[][] {
  return [
    ranges.map((range) => range.fromSlot),
    ranges.map((range) => range.toSlot),
    ranges.map((range) => range.intervalSeconds),
    ranges.map((range) => range.scheduleId),
    ranges.map((range) => range.endSlot),
  ];
}
