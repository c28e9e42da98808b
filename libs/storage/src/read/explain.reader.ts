import { graceEndOf, slotAt, type Outcome, type Rule } from '@app/domain';
import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';
import { closedRangesOf, type ScheduleVersion } from './closed-ranges.js';
import {
  EXPLAIN_GAP,
  EXPLAIN_LATEST,
  EXPLAIN_PRICE,
  EXPLAIN_PRICE_REVISIONS,
  EXPLAIN_RATES,
  EXPLAIN_SCHEDULE,
  EXPLAIN_SLOT_SOURCES,
  EXPLAIN_VERSIONS,
} from './explain-statements.js';
import { readBodies } from './payload.reader.js';
import type { ReadDatabase, Reader } from './read-database.js';

// Times are UNIX seconds with milliseconds; prices, rates and texts on the wire are exactly the stored digits.

/** How a ticker was sampled when a slot began. */
export interface ExplainedSchedule {
  readonly id: number;
  readonly fromSlot: number;
  readonly toSlot: number | null;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  readonly ruleOptions: unknown;
  /** In order of preference. */
  readonly sources: readonly {
    readonly source: string;
    readonly sourceSymbol: string;
    readonly batch: string;
    readonly intervalSeconds: number;
    readonly standby: boolean;
    readonly quotedIn: string | null;
  }[];
}

/** A price as it is served, or was. */
export interface ExplainedPrice {
  readonly price: string;
  /** How far the true price may lie from it; null: half a unit of its last digit. */
  readonly uncertainty: string | null;
  readonly source: string;
  readonly observedAt: number;
  readonly flags: number;
  readonly revision: number;
  readonly consensus: unknown;
}

/** A price that was replaced by a correction. */
export interface ReplacedPrice extends ExplainedPrice {
  readonly replacedAt: number;
  readonly cause: string;
}

/** What is known of one call. */
export interface ExplainedCall {
  readonly requestedAt: number | null;
  readonly receivedAt: number | null;
  readonly latencyMs: number | null;
  readonly httpStatus: number | null;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
  readonly endpoint: string | null;
  readonly url: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly parserVersion: string | null;
  /** Of the body; null when no answer came. */
  readonly sha256: string | null;
}

/** The fetch that a sample comes from, with its last call. */
export interface ExplainedFetch extends ExplainedCall {
  readonly status: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Length of the body; null when it is not there. */
  readonly bytes: number | null;
  /** Whether bodies were kept on its day at all, were dropped since, or were refused for the cap. */
  readonly isDayKnown: boolean;
  readonly isDayDropped: boolean;
  readonly refusedOfDay: number | null;
}

/** One source of a slot. */
export interface ExplainedSlotSource {
  readonly source: string;
  /** What the source calls the ticker; null when the source is in no version that holds. */
  readonly sourceSymbol: string | null;
  readonly batch: string;
  readonly standby: boolean;
  /** Null while there is no sample. */
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean | null;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly rateTicker: string | null;
  readonly flags: number | null;
  readonly marketCap: string | null;
  readonly volume24h: string | null;
  readonly sourceTime: number | null;
  readonly requestedAt: number | null;
  readonly observedAt: number | null;
  readonly storedAt: number | null;
  readonly origin: 'live' | 'history' | null;
  readonly revision: number | null;
  readonly revisions: readonly {
    readonly revision: number;
    readonly outcome: Outcome;
    readonly reason: string | null;
    readonly detail: string | null;
    readonly price: string | null;
    readonly raw: string | null;
    readonly rate: string | null;
    readonly rateUncertainty: string | null;
    readonly flags: number;
    readonly replacedAt: number;
    readonly cause: string;
  }[];
  readonly fetch: ExplainedFetch | null;
  /** Calls of the fetch that failed before its last. */
  readonly earlierAttempts: readonly (ExplainedCall & { readonly attempt: number })[];
}

/** The price that converts. */
export interface ExplainedRate {
  readonly ticker: string;
  readonly slot: number;
  readonly price: string | null;
  readonly source: string | null;
}

/** A range of slots without a price. */
export interface ExplainedGap {
  readonly fromSlot: number;
  readonly toSlot: number;
  readonly reason: string;
  readonly recordedAt: number;
}

/**
 * How it stands with a slot.
 * - `stored`: it has a price. - `gap`: it lies in a range that says why there is none.
 * - `waiting`: it has not begun, or is not over. - `missing`: it is over without a price; its samples say why.
 * - `not_expected`: no schedule held.
 */
export type SlotState = 'stored' | 'gap' | 'waiting' | 'missing' | 'not_expected';

/** Everything that is known of a slot of a ticker. */
export interface Explanation {
  readonly state: SlotState;
  /** Undefined when no schedule held. */
  readonly slot: number | undefined;
  readonly schedule: ExplainedSchedule | undefined;
  readonly price: ExplainedPrice | undefined;
  /** Oldest first. */
  readonly revisions: readonly ReplacedPrice[];
  readonly gap: ExplainedGap | undefined;
  /** In order of preference. */
  readonly slotSources: readonly ExplainedSlotSource[];
  readonly rates: readonly ExplainedRate[];
  /** Bodies that are short, by their SHA-256. */
  readonly bodies: ReadonlyMap<string, Buffer>;
}

/** What is asked. */
export interface ExplainQuestion {
  readonly tickerId: number;
  /** Any UNIX second of the slot; undefined for the newest slot that is decided, or the first one while none is. */
  readonly second: number | undefined;
  readonly nowSeconds: number;
  /** Longer bodies are left out, in bytes. */
  readonly maxBodyBytes: number;
}

/** Reads the way back from a price to what was asked and answered. */
export class ExplainReader {
  constructor(private readonly database: ReadDatabase) {}

  /** Explains a slot, all from one state of the database. @throws DatabaseUnavailableError */
  async explain(question: ExplainQuestion): Promise<Explanation> {
    return this.database.snapshot((reader) => explain(reader, question));
  }
}

const NOTHING = { price: undefined, revisions: [], gap: undefined, slotSources: [], rates: [], bodies: new Map() };

async function explain(reader: Reader, question: ExplainQuestion): Promise<Explanation> {
  const { tickerId, nowSeconds, maxBodyBytes } = question;
  const second = question.second ?? (await newestDecided(reader, tickerId, nowSeconds));
  const [schedule] = await reader.rows<ExplainedSchedule>(EXPLAIN_SCHEDULE, [tickerId, second]);
  if (schedule === undefined) return { ...NOTHING, state: 'not_expected', slot: undefined, schedule };
  const slot = second - (second % schedule.intervalSeconds);
  // A version begins with a slot; were it not so, what lies before its first one belongs to none.
  if (slot < schedule.fromSlot) return { ...NOTHING, state: 'not_expected', slot: undefined, schedule };

  const key = [tickerId, slot];
  const [price] = await reader.rows<ExplainedPrice>(EXPLAIN_PRICE, key);
  const revisions = await reader.rows<ReplacedPrice>(EXPLAIN_PRICE_REVISIONS, key);
  const [last] = await reader.rows<ExplainedGap>(EXPLAIN_GAP, key);
  const gap = last !== undefined && last.toSlot > slot ? last : undefined;
  const slotSources = await reader.rows<ExplainedSlotSource>(EXPLAIN_SLOT_SOURCES, [...key, schedule.id]);
  const rateTickers = slotSources.flatMap(({ rateTicker }) => (rateTicker === null ? [] : [rateTicker]));
  const rates = rateTickers.length === 0 ? [] : await reader.rows<ExplainedRate>(EXPLAIN_RATES, [rateTickers, slot]);
  const kept = slotSources.flatMap(({ fetch }) =>
    fetch?.sha256 == null || fetch.bytes === null ? [] : [fetch.sha256],
  );
  const bodies = await readBodies(reader, kept, maxBodyBytes);
  const isOver = nowSeconds > graceEndOf(slot, schedule.intervalSeconds) + CLOSING_SLACK_SECONDS;
  const state = stateOf({ isStored: price !== undefined, isGap: gap !== undefined, isOver });
  return { state, slot, schedule, price, revisions, gap, slotSources, rates, bodies };
}

/** The newest slot that has a price or is past its grace; before the first of them the first slot, and 0 when nothing was ever expected. */
async function newestDecided(reader: Reader, tickerId: number, nowSeconds: number): Promise<number> {
  const versions = await reader.rows<ScheduleVersion>(EXPLAIN_VERSIONS, [tickerId]);
  const [latest] = await reader.rows<{ slot: number }>(EXPLAIN_LATEST, [tickerId]);
  const closed = closedRangesOf(versions, 0, nowSeconds, nowSeconds).ranges.map(
    ({ fromSlot, toSlot, intervalSeconds }) => Math.max(fromSlot, slotAt((toSlot - 1) * 1000, intervalSeconds)),
  );
  const decided = [...closed, ...(latest === undefined ? [] : [latest.slot])];
  return decided.length === 0 ? (versions[0]?.fromSlot ?? 0) : Math.max(...decided);
}

function stateOf(known: { readonly isStored: boolean; readonly isGap: boolean; readonly isOver: boolean }): SlotState {
  if (known.isStored) return 'stored';
  if (known.isGap) return 'gap';
  return known.isOver ? 'missing' : 'waiting';
}
