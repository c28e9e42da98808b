import {
  partsOf,
  persistenceSeconds,
  PRICE_FLAGS,
  observationOf,
  quotedPrice,
  SECONDS_TO_BE_BELIEVED,
  type EarlierPrice,
  type LastPrice,
  type Outcome,
  type Rule,
  type RuleOptions,
  type SampleReason,
  type SourceHistory,
} from '@app/domain';
import { FORMER_RULES_UNTIL } from '../schema/former-rules.js';
import type { Snapshot } from './finding.js';

/** What became of a source in a slot, as it stands now. */
export interface PastSample {
  readonly slot: number;
  readonly sourceId: number;
  readonly outcome: Outcome;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  /** The price, to be compared with others fast. */
  readonly approximately: number | null;
  readonly raw: string | null;
  readonly inverted: boolean;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly flags: number;
  /** Milliseconds since 1970. */
  readonly sourceTimeMs: number | null;
  readonly storedMs: number;
  /** It was stored when a build of before, with other rules, may have been running. */
  readonly isFormer: boolean;
  /** It was corrected since. */
  readonly isCorrected: boolean;
}

/** How a ticker was sampled in some slots. */
export interface PastSchedule {
  readonly scheduleId: number;
  readonly ticker: string;
  readonly base: string;
  readonly quote: string;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  readonly ruleOptions: RuleOptions;
  /** In order of preference. */
  readonly sources: readonly PastSource[];
}

/** One source of it. */
export interface PastSource {
  readonly sourceId: number;
  readonly source: string;
  readonly position: number;
  readonly isStandby: boolean;
  readonly intervalSeconds: number;
}

/** Most observations of a source that are looked at: each lasts a second, so that these cover what persisting takes. */
const MAX_OBSERVATIONS = 2 * SECONDS_TO_BE_BELIEVED;

/** How far the clocks of two processes may be apart, in milliseconds. */
const CLOCK_OFFSET_MS = 250;

/** The schedules with these ids. */
export async function readPastSchedules(
  snapshot: Snapshot,
  scheduleIds: readonly number[],
): Promise<Map<number, PastSchedule>> {
  const { rows } = await snapshot.query<PastSchedule>(SCHEDULES_SQL, [scheduleIds]);
  return new Map(rows.map((row) => [row.scheduleId, row]));
}

/** What the sources of a ticker reported in a range of slots, to judge again what was decided by it. */
export class TickerPast {
  private constructor(
    private readonly samples: readonly PastSample[],
    private readonly untilMs = Number.POSITIVE_INFINITY,
  ) {}

  /** @param fromSlot UNIX seconds, as `toSlot`; both inclusive. */
  static async read(snapshot: Snapshot, tickerId: number, fromSlot: number, toSlot: number): Promise<TickerPast> {
    const { rows } = await snapshot.query<PastSample>(SAMPLES_SQL, [tickerId, fromSlot, toSlot]);
    return new TickerPast(rows);
  }

  /** In order of their slots; `toSlot` is inclusive. */
  between(fromSlot: number, toSlot: number): readonly PastSample[] {
    const all = this.samples.slice(this.firstFrom(fromSlot), this.firstFrom(toSlot + 1));
    return this.untilMs === Number.POSITIVE_INFINITY ? all : all.filter(({ storedMs }) => storedMs <= this.untilMs);
  }

  /** The sample of a source in a slot. */
  sampleOf(sourceId: number, slot: number): PastSample | undefined {
    return this.between(slot, slot).find((sample) => sample.sourceId === sourceId);
  }

  /** What was known of these slots when something was stored: less than all that stands there now. */
  knownBy(storedMs: number): TickerPast {
    return new TickerPast(this.samples, storedMs + CLOCK_OFFSET_MS);
  }

  /** A price of the past as the last one of a later slot, with what was reported with it. */
  lastPrice(price: Pick<LastPrice, 'slot' | 'price' | 'flags'>): LastPrice {
    return {
      ...price,
      reported: this.between(price.slot, price.slot).flatMap((sample) => reportedPrice(sample) ?? []),
    };
  }

  /** What the sources had reported before a slot, as the decision reads it. */
  histories(slot: number, last: LastPrice, sources: readonly PastSource[]): Map<number, SourceHistory> {
    const isUnconfirmed = (last.flags & PRICE_FLAGS.unconfirmed) !== 0;
    return new Map(
      sources.map(({ sourceId, intervalSeconds }) => {
        const lookBack = persistenceSeconds(intervalSeconds);
        const since = Math.max(slot - lookBack, isUnconfirmed ? 0 : last.slot + 1);
        const believed = this.between(last.slot - lookBack + 1, last.slot).findLast(
          (sample) => sample.sourceId === sourceId && sample.outcome === 'accepted',
        );
        return [sourceId, { earlier: this.earlierOf(sourceId, since, slot - 1), lastAcceptedSlot: believed?.slot }];
      }),
    );
  }

  /** Newest first; of slots that follow one another with the same observation the first one stands for all. */
  private earlierOf(sourceId: number, fromSlot: number, toSlot: number): EarlierPrice[] {
    const earlier: EarlierPrice[] = [];
    const samples = this.between(fromSlot, toSlot);
    for (let index = samples.length - 1; index >= 0 && earlier.length <= MAX_OBSERVATIONS; index -= 1) {
      const sample = samples[index];
      if (sample?.sourceId !== sourceId) continue;
      const price = reportedPrice(sample);
      if (price === undefined) continue;
      const { slot } = sample;
      const others = this.between(slot, slot).filter((other) => other.sourceId !== sourceId);
      const othersAccepted = others.flatMap((other) => (other.outcome === 'accepted' ? (other.price ?? []) : []));
      const observation = observationOfSample(sample);
      const isJump = sample.reason === 'jump';
      const newer = earlier.at(-1);
      if (newer?.observation === observation && newer.isJump === isJump) earlier.pop();
      earlier.push({ slot, price, observation, isJump, othersAccepted });
    }
    return earlier;
  }

  /** Index of the first sample at or after a slot. */
  private firstFrom(slot: number): number {
    let [low, high] = [0, this.samples.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.samples[middle]?.slot ?? 0) < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The price that a source reported: accepted, or rejected as a jump; undefined of any other. */
export function reportedPrice({ outcome, reason, price, raw, ...kept }: PastSample): string | undefined {
  if (outcome === 'accepted') return price ?? undefined;
  return reason === 'jump' && raw !== null ? quotedPrice(partsOf({ raw, ...kept })) : undefined;
}

function observationOfSample({ raw, sourceTimeMs }: PastSample): string {
  return observationOf({
    raw: raw ?? undefined,
    sourceTime: sourceTimeMs === null ? undefined : new Date(sourceTimeMs),
  });
}

const SCHEDULES_SQL = `
  SELECT s.id AS "scheduleId", t.ticker, t.base, t.quote, s.interval_seconds AS "intervalSeconds", s.rule, s.rule_options AS "ruleOptions",
         (SELECT json_agg(json_build_object('sourceId', ts.source_id, 'source', o.name, 'position', ts.position, 'isStandby', ts.standby,
                                            'intervalSeconds', ts.interval_seconds) ORDER BY ts.position)
          FROM ticker_sources ts JOIN sources o ON o.id = ts.source_id WHERE ts.schedule_id = s.id) AS sources
  FROM schedules s JOIN tickers t ON t.id = s.ticker_id WHERE s.id = ANY ($1::int[])`;

/** Ticker $1, slots $2 to $3, both inclusive. */
const SAMPLES_SQL = `
  SELECT slot::float8 AS slot, source_id AS "sourceId", outcome, reason, price::text AS price, price::float8 AS approximately, raw, inverted, rate::text AS rate, rate_uncertainty::text AS "rateUncertainty", flags,
         (extract(epoch FROM source_time) * 1000)::float8 AS "sourceTimeMs", (extract(epoch FROM stored_at) * 1000)::float8 AS "storedMs",
         coalesce(stored_at < (SELECT (value #>> '{}')::timestamptz FROM settings WHERE key = '${FORMER_RULES_UNTIL}'), false) AS "isFormer",
         revision > 0 OR origin <> 'live' AS "isCorrected"
  FROM samples
  WHERE ticker_id = $1 AND slot >= $2::bigint AND slot <= $3::bigint
  ORDER BY slot, source_id`;
