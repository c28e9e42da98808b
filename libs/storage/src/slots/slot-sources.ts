import {
  isPegged,
  MAX_JUMP_MEMORY_SECONDS,
  MAX_WINDOW_SECONDS,
  partsOf,
  quotedPrice,
  type KeptQuote,
  type LastPrice,
  type Outcome,
  type Rate,
  type Rule,
  type RuleOptions,
  type SampleReason,
  type SlotSample,
  type SlotSource,
  type SlotToDecide,
} from '@app/domain';
import type pg from 'pg';
import { REFUSAL_REASONS_SQL } from './gap-reasons.sql.js';

/** A slot of one ticker as the database has it, with what is to be known of the ticker. */
export interface StoredSlot extends SlotToDecide {
  readonly tickerId: number;
  readonly ticker: string;
  readonly scheduleFromSlot: number;
  readonly intervalSeconds: number;
  /** Prices of this ticker convert others. */
  readonly isRate: boolean;
  readonly sources: readonly StoredSource[];
}

/** One source of it. */
export interface StoredSource extends SlotSource {
  readonly batch: string;
  /** The text that it reported in the slot of the last price; undefined when it reported none then. */
  readonly lastRaw: string | undefined;
}

/** The samples of a source that were stored just now. */
export interface FreshSamples {
  readonly sourceId: number;
  readonly tickerIds: ReadonlySet<number>;
}

/** A sample that was rejected as a jump. */
interface JumpRow extends Omit<KeptQuote, 'raw'> {
  readonly raw: string | null;
}

/** A source of a slot, with its ticker. */
interface SlotSourceRow {
  readonly tickerId: number;
  readonly ticker: string;
  readonly base: string;
  readonly quote: string;
  readonly scheduleFromSlot: number;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Null where it has none. */
  readonly ruleOptions: RuleOptions | null;
  readonly deadline: number;
  readonly isDecided: boolean;
  readonly isRate: boolean;
  /** The newest price before the slot, of the last week. */
  readonly lastSlot: number | null;
  readonly lastPrice: string | null;
  readonly lastFlags: number | null;
  /** What the sources reported in that slot, see {@link REPORTED_SQL}, and the jumps among it. */
  readonly lastReported: string | null;
  readonly lastJumps: readonly JumpRow[] | null;

  readonly sourceId: number;
  readonly source: string;
  readonly position: number;
  readonly batch: string;
  readonly isStandby: boolean;
  readonly isAsked: boolean;
  readonly sourceIntervalSeconds: number;

  /** The sample; null while there is none. */
  readonly outcome: Outcome | null;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean | null;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly flags: number | null;
  readonly observedAt: Date | null;
  readonly sourceTime: Date | null;

  /** Of a sample that waits for a rate: the price that converts it. */
  readonly rateFound: string | null;
  readonly rateFoundUncertainty: string | null;
  /** The slot that it is the price of. */
  readonly rateSlot: number | null;
  /** Until when that price may still come; null when it never will. */
  readonly rateDeadline: number | null;
}

/**
 * A slot of some tickers, by ticker; without those that no schedule samples then.
 * @param fresh the source that stores, and the tickers whose sample it has stored just now.
 */
export async function readSlots(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  tickerIds: readonly number[],
  fresh: FreshSamples | undefined,
): Promise<Map<number, StoredSlot>> {
  const { rows } = await client.query<SlotSourceRow>({
    name: 'slot-sources',
    text: SLOT_SOURCES_SQL,
    values: [slot, tickerIds],
  });
  const slots = new Map<number, StoredSlot>();
  for (const [tickerId, [first, ...more]] of Map.groupBy(rows, (row) => row.tickerId)) {
    if (first === undefined) continue;
    const isFresh = fresh?.tickerIds.has(tickerId) === true;
    const reported = reportedThen(first.lastReported);
    const sources = [first, ...more].map((row) => ({
      ...sourceOf(row, isFresh && row.sourceId === fresh.sourceId),
      lastRaw: reported.get(row.sourceId)?.raw,
    }));
    const { ticker, scheduleFromSlot, intervalSeconds, isRate, deadline, rule, ruleOptions, isDecided } = first;
    slots.set(tickerId, {
      ...{ tickerId, ticker, scheduleFromSlot, intervalSeconds, isRate, slot, deadline, rule, isDecided, sources },
      isPegged: isPegged(first.base, first.quote),
      ruleOptions: ruleOptions ?? {},
      last: lastPriceOf(first, [...reported.values()]),
    });
  }
  return slots;
}

/** What a source reported in the slot of the last price; `price` is undefined where it was not accepted. */
interface Reported {
  readonly raw: string | undefined;
  readonly price: string | undefined;
}

/** Stands between two sources, and between the three parts of each: in no number. */
const [BETWEEN_SOURCES, BETWEEN_PARTS] = ['\u001e', '\u001f'];

/** SQL: what a source reported, as id, text on the wire and price. */
const REPORTED_SQL = `string_agg(source_id || E'\\x1f' || coalesce(raw, '') || E'\\x1f' || coalesce(price::text, ''), E'\\x1e')`;

function reportedThen(text: string | null): Map<number, Reported> {
  const sources = text === null ? [] : text.split(BETWEEN_SOURCES);
  return new Map(
    sources.map((one) => {
      const [id, raw, price] = one.split(BETWEEN_PARTS);
      return [Number(id), { raw: raw === '' ? undefined : raw, price: price === '' ? undefined : price }];
    }),
  );
}

function lastPriceOf(
  { lastSlot, lastPrice, lastFlags, lastJumps }: SlotSourceRow,
  then: readonly Reported[],
): LastPrice | undefined {
  if (lastSlot === null || lastPrice === null) return undefined;
  const jumps = (lastJumps ?? []).flatMap(({ raw, ...kept }) =>
    raw === null ? [] : (quotedPrice(partsOf({ raw, ...kept })) ?? []),
  );
  const reported = [...then.flatMap(({ price }) => price ?? []), ...jumps];
  return { slot: lastSlot, price: lastPrice, flags: lastFlags ?? 0, reported };
}

function sourceOf(row: SlotSourceRow, isFresh: boolean): Omit<StoredSource, 'lastRaw'> {
  const { sourceId, source, position, batch, isStandby, isAsked } = row;
  return {
    ...{ sourceId, source, position, batch, isStandby, isAsked, intervalSeconds: row.sourceIntervalSeconds },
    sample: sampleOf(row, isFresh),
  };
}

function sampleOf(row: SlotSourceRow, isFresh: boolean): SlotSample | undefined {
  if (row.outcome === null) return undefined;
  return {
    outcome: row.outcome,
    reason: row.reason ?? undefined,
    price: row.price ?? undefined,
    raw: row.raw ?? undefined,
    isInverted: row.inverted === true,
    rate: rateOf(row.rate, row.rateUncertainty),
    flags: row.flags ?? 0,
    observedAt: row.observedAt ?? undefined,
    sourceTime: row.sourceTime ?? undefined,
    isFresh,
    rateFound: rateOf(row.rateFound, row.rateFoundUncertainty),
    rateSlot: row.rateSlot ?? undefined,
    rateDeadline: row.rateDeadline ?? undefined,
  };
}

function rateOf(price: string | null, uncertainty: string | null): Rate | undefined {
  return price === null ? undefined : { price, uncertainty: uncertainty ?? undefined };
}

/**
 * Slot $1 of the tickers $2. Everything is looked up by key, ticker by ticker: what is written as LATERAL with OFFSET 0 stays a look
 * into an index, whatever Postgres believes of the sizes. The ranges of gaps never overlap, so that only the last one that begins
 * at or before the slot can cover it. The rate of a slot is that of the rate ticker's own slot in which it lies.
 *
 * Every store asks this for each of its tickers, and most of what a store costs is this: the last price is the latest one unless a later
 * slot has a price already, and what the sources reported with it is a text, since making JSON of it cost more than all the rest.
 */
const SLOT_SOURCES_SQL = `
  SELECT h.ticker_id AS "tickerId", t.ticker, t.base, t.quote, h.from_slot AS "scheduleFromSlot", h.interval_seconds AS "intervalSeconds", h.rule,
         nullif(h.rule_options, '{}') AS "ruleOptions", $1::bigint + least(h.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline,
         decided.slot IS NOT NULL OR coalesce(refused.is_refused, false) AS "isDecided", q.quoted_in IS NOT NULL AS "isRate",
         last.slot AS "lastSlot", last.price AS "lastPrice", last.flags AS "lastFlags", reported.sources AS "lastReported", reported.jumps AS "lastJumps",
         ts.source_id AS "sourceId", o.name AS source, ts.position, ts.batch, ts.standby AS "isStandby",
         NOT ts.standby OR called.slot IS NOT NULL AS "isAsked",
         ts.interval_seconds AS "sourceIntervalSeconds",
         given.outcome, given.reason, given.price::text AS price, given.raw, given.inverted, given.rate::text AS rate,
         given.rate_uncertainty::text AS "rateUncertainty", given.flags,
         given.observed_at AS "observedAt", given.source_time AS "sourceTime",
         rate.price AS "rateFound", rate.uncertainty AS "rateFoundUncertainty", rate.slot AS "rateSlot", rate.deadline AS "rateDeadline"
  FROM unnest($2::int[]) AS asked(ticker_id)
  CROSS JOIN LATERAL (
    SELECT * FROM schedules
    WHERE ticker_id = asked.ticker_id AND from_slot <= $1::bigint AND (to_slot IS NULL OR to_slot > $1::bigint)
    OFFSET 0) h
  CROSS JOIN LATERAL (SELECT ticker, base, quote FROM tickers WHERE id = asked.ticker_id OFFSET 0) t
  LEFT JOIN LATERAL (SELECT slot FROM prices WHERE ticker_id = asked.ticker_id AND slot = $1::bigint OFFSET 0) decided ON true
  LEFT JOIN LATERAL (
    SELECT to_slot > $1::bigint AND reason IN (${REFUSAL_REASONS_SQL}) AS is_refused FROM gaps
    WHERE h.rule <> 'priority' AND ticker_id = asked.ticker_id AND from_slot <= $1::bigint ORDER BY from_slot DESC LIMIT 1) refused ON true
  LEFT JOIN LATERAL (SELECT quoted_in FROM ticker_sources WHERE quoted_in = t.base LIMIT 1) q ON true
  LEFT JOIN LATERAL (SELECT slot, price, flags FROM latest WHERE ticker_id = asked.ticker_id OFFSET 0) newest ON true
  LEFT JOIN LATERAL (
    SELECT slot, price, flags FROM prices
    WHERE newest.slot >= $1::bigint AND ticker_id = asked.ticker_id AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
    ORDER BY slot DESC LIMIT 1) before ON true
  CROSS JOIN LATERAL (
    SELECT CASE WHEN newest.slot < $1::bigint THEN newest.slot ELSE before.slot END AS slot,
           CASE WHEN newest.slot < $1::bigint THEN newest.flags ELSE before.flags END AS flags,
           (CASE WHEN newest.slot < $1::bigint THEN newest.price ELSE before.price END)::text AS price OFFSET 0) last
  LEFT JOIN LATERAL (
    SELECT ${REPORTED_SQL} AS sources,
           json_agg(json_build_object('raw', raw, 'inverted', inverted, 'rate', rate::text, 'rateUncertainty', rate_uncertainty::text,
             'flags', flags)) FILTER (WHERE reason = 'jump') AS jumps
    FROM samples
    WHERE ticker_id = asked.ticker_id AND slot = last.slot AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
      AND (outcome = 'accepted' OR reason IN ('jump', 'frozen'))) reported ON true
  CROSS JOIN LATERAL (
    SELECT * FROM ticker_sources WHERE schedule_id = h.id AND $1::bigint % interval_seconds = 0 OFFSET 0) ts
  CROSS JOIN LATERAL (SELECT name FROM sources WHERE id = ts.source_id OFFSET 0) o
  LEFT JOIN LATERAL (
    SELECT slot FROM fetches WHERE source_id = ts.source_id AND batch = ts.batch AND slot = $1::bigint OFFSET 0) called ON ts.standby
  LEFT JOIN LATERAL (
    SELECT outcome, reason, price, raw, inverted, rate, rate_uncertainty, rate_ticker, flags, observed_at, source_time FROM samples
    WHERE ticker_id = asked.ticker_id AND slot = $1::bigint AND source_id = ts.source_id OFFSET 0) given ON true
  LEFT JOIN LATERAL (
    SELECT p.price::text AS price, p.uncertainty::text AS uncertainty, covering.slot,
           CASE WHEN covering.slot >= rs.from_slot THEN covering.slot + least(rs.interval_seconds, ${MAX_WINDOW_SECONDS}) END AS deadline
    FROM tickers rt
    CROSS JOIN LATERAL (
      SELECT from_slot, interval_seconds FROM schedules
      WHERE ticker_id = rt.id AND from_slot <= $1::bigint AND (to_slot IS NULL OR to_slot > $1::bigint)
      ORDER BY from_slot DESC LIMIT 1) rs
    CROSS JOIN LATERAL (SELECT $1::bigint - $1::bigint % rs.interval_seconds AS slot) covering
    LEFT JOIN LATERAL (SELECT price, uncertainty FROM prices WHERE ticker_id = rt.id AND slot = covering.slot OFFSET 0) p ON true
    WHERE rt.ticker = given.rate_ticker OFFSET 0) rate ON given.reason = 'no_conversion_rate'
  ORDER BY h.ticker_id, ts.position`;
