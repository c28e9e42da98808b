import type pg from 'pg';
import { storableText } from '../database/storable-text.js';

/** What is known of a symbol that its source refuses, or is suspected to. */
export interface Refusal {
  /** Of the first refusal; once it is certain, of the first one that was. Milliseconds since 1970. */
  readonly sinceMs: number;
  /** When it was refused the last time, milliseconds since 1970. */
  readonly lastTriedMs: number;
  /** When it may be asked for again; null while it is only suspect, and asked for in every slot. */
  readonly nextTryMs: number | null;
  /** The suspect symbols of one group were refused together; null for one that was refused alone. */
  readonly suspectGroup: string | null;
  /** The error of the source. */
  readonly detail: string;
  /** The time of its next try has come. */
  readonly isDue: boolean;
  /** It could have been asked for in its ticker's slot before this one, and was not. */
  readonly wasPassedOver: boolean;
  /** It was passed over, and the source has answered others for minutes. */
  readonly isOverdue: boolean;
  /** It was refused first minutes ago: a source that has answered nobody since is at fault itself. */
  readonly isLasting: boolean;
  /** Its next try comes sooner than its refusals alone would have it: the source has answered for another that it refused, or lists it. */
  readonly mayBeBack: boolean;
  /** The source has answered some call since this symbol was refused the last time. */
  readonly othersAnswered: boolean;
}

/** A symbol, and the error with which it was refused. */
export interface LearnedRefusal {
  readonly symbol: string;
  readonly detail: string;
}

/** What the calls for some symbols have shown. */
export interface LearnedSymbols {
  /** Refused alone, by a source that is right otherwise. */
  readonly refused: readonly LearnedRefusal[];
  /** Refused before, and now again in calls with others: one of them is still refused. */
  readonly refusedTogether?: readonly LearnedRefusal[];
  /** Refused together, group by group. */
  readonly suspects: readonly { readonly symbols: readonly string[]; readonly detail: string }[];
  readonly answered: readonly string[];
}

/** A symbol that its source refuses, as it stands now. */
export interface RefusedSymbolRow {
  readonly sourceId: number;
  readonly symbol: string;
  readonly since: Date;
  readonly lastTriedAt: Date;
  readonly nextTryAt: Date;
  readonly detail: string;
}

/** What was learned that nobody knew. */
export interface SymbolNews {
  /** As they stand now; `isNew`: nobody had found them before. */
  readonly refused: readonly (RefusedSymbolRow & { readonly isNew: boolean })[];
  /** Symbols that had been refused, and are answered again. */
  readonly released: readonly string[];
}

/** A try that was given to a caller. */
export interface GivenTry {
  readonly symbol: string;
  /** When it had been due, milliseconds since 1970. */
  readonly nextTryMs: number;
}

/** A refused symbol is tried again first after so long, in seconds, and then whenever it has been refused for twice as long. */
const TRY_AGAIN_SECONDS = { first: 60, longest: 3_600 };

/** The longest wait for the next try of a symbol that may be back, since the source's own list has it, or nobody asked for it alone, in seconds. */
const MAYBE_BACK_TRY_AGAIN_SECONDS = 600;

/** Whoever tries it again has so long to report, in seconds: longer than a window. After that another worker tries. */
const TRY_LEASE_SECONDS = 20;

/** Tries that are this far ahead of their pace are made at once, in seconds: a source with room has all of a fetch in one slot. */
const TRIES_AHEAD_SECONDS = 10;

/** Between two tries of a source whose limit is full are so many seconds at most: each costs one of its batches a call. */
const LONGEST_PACE_SECONDS = 600;

/**
 * For so long a suspect symbol, or one whose next try is due, may find no room beside the others, in seconds; then it comes first, if it
 * was passed over in an earlier slot.
 */
const OVERDUE_SECONDS = 300;

/** A refusal lasts from so many seconds on: by then a slot with room for one call alone has isolated the symbol as a rule. */
const LASTING_SECONDS = 600;

/** Symbols that sources refuse, as the whole fleet knows them: every worker leaves them out, so that they take no batch down. */
export class RefusedSymbolRepository {
  constructor(private readonly pool: Pick<pg.Pool, 'query'>) {}

  /**
   * Notes what calls have shown. A symbol that was refused alone is not made suspect again by a call for many. When one that was refused
   * is answered, all others that the source refuses are due at once, and those that were refused alone meanwhile in a minute. Those
   * that were refused again together with others wait for ten minutes at most: which of them the source refuses is not known.
   */
  async learn(sourceId: number, learned: LearnedSymbols): Promise<SymbolNews> {
    const { refused, refusedTogether = [], suspects, answered } = learned;
    const given = [
      ...refused.map(({ symbol, detail }) => ({ symbol, group: null, detail })),
      ...refusedTogether.map(({ symbol, detail }) => ({ symbol, group: null, detail })),
      ...suspects.flatMap(({ symbols, detail }) => symbols.map((symbol) => ({ symbol, group: symbols[0], detail }))),
    ];
    const { rows } = await this.pool.query<RefusedSymbolRow & { isNew: boolean; isReleased: boolean }>({
      name: 'learn-symbols',
      text: LEARN_SQL,
      values: [
        sourceId,
        answered,
        given.map(({ symbol }) => symbol),
        given.map(({ group }) => group),
        given.map(({ detail }) => storableText(detail)),
        refusedTogether.map(({ symbol }) => symbol),
      ],
    });
    return {
      refused: rows.filter(({ isReleased }) => !isReleased),
      released: rows.filter(({ isReleased }) => isReleased).map(({ symbol }) => symbol),
    };
  }

  /**
   * Takes it upon the caller to try these again: each is given to one caller only, and of the whole fleet only so many as the limit of the
   * source leaves room for beside the calls that its batches are due for.
   * @param calls the symbols of each call, the most urgent first.
   * @param callsPerSecond what the limit allows of such calls; undefined: as many as there are.
   * @returns those that are given.
   */
  async beginTries(
    sourceId: number,
    calls: readonly (readonly string[])[],
    callsPerSecond?: number,
  ): Promise<ReadonlySet<string>> {
    const given = new Set<string>();
    for (const symbols of calls) {
      const { rows } = await this.pool.query<{ symbol: string }>({
        name: 'begin-tries',
        text: BEGIN_TRIES_SQL,
        values: [sourceId, symbols, callsPerSecond ?? null],
      });
      for (const { symbol } of rows) given.add(symbol);
    }
    return given;
  }

  /**
   * Gives tries back that were not made: each is as due as it was before. What was learned meanwhile stays.
   * @param tries `nextTryMs`: when it had been due, milliseconds since 1970.
   */
  async giveBackTries(sourceId: number, tries: readonly GivenTry[]): Promise<void> {
    await this.pool.query({
      name: 'give-back-tries',
      text: `UPDATE refused_symbols r SET next_try_at = to_timestamp(given.due / 1000)
             FROM unnest($2::text[], $3::float8[]) AS given(source_symbol, due)
             WHERE r.source_id = $1 AND r.source_symbol = given.source_symbol
               AND r.next_try_at IS NOT NULL AND r.last_tried_at <= to_timestamp(given.due / 1000)`,
      values: [sourceId, tries.map(({ symbol }) => symbol), tries.map(({ nextTryMs }) => nextTryMs)],
    });
  }

  /** Shortens the wait for the next try of those that the source's own list has: it answers for them soon, or again already. */
  async shortenWaits(sourceId: number, listed: readonly string[]): Promise<void> {
    await this.pool.query({
      name: 'shorten-waits',
      text: `WITH at AS MATERIALIZED (SELECT clock_timestamp() AS now)
             UPDATE refused_symbols SET next_try_at = greatest(last_tried_at + interval '${MAYBE_BACK_TRY_AGAIN_SECONDS} seconds', at.now) FROM at
             WHERE source_id = $1 AND source_symbol = ANY($2) AND ${isNotBegunSql('at.now')}
               AND next_try_at > last_tried_at + interval '${MAYBE_BACK_TRY_AGAIN_SECONDS} seconds'`,
      values: [sourceId, listed],
    });
  }

  /** Puts off tries that failed in a way that says nothing of their symbols. */
  async postponeTries(sourceId: number, symbols: readonly string[]): Promise<void> {
    await this.pool.query({
      name: 'postpone-tries',
      text: `WITH at AS MATERIALIZED (SELECT clock_timestamp() AS now)
             UPDATE refused_symbols SET next_try_at = at.now + interval '${TRY_AGAIN_SECONDS.first} seconds' FROM at
             WHERE source_id = $1 AND source_symbol = ANY($2) AND next_try_at IS NOT NULL`,
      values: [sourceId, symbols],
    });
  }

  /**
   * Those that are refused and that the catalogue names, by source and symbol; suspects are not among them.
   * @param sourceId of this source alone.
   */
  async list(sourceId?: number): Promise<RefusedSymbolRow[]> {
    const { rows } = await this.pool.query<RefusedSymbolRow>({
      name: 'list-refused-symbols',
      text: `SELECT source_id AS "sourceId", source_symbol AS symbol, since, last_tried_at AS "lastTriedAt",
                    next_try_at AS "nextTryAt", detail
             FROM refused_symbols r WHERE next_try_at IS NOT NULL AND ($1::int IS NULL OR source_id = $1) AND ${IS_NAMED}
             ORDER BY source_id, source_symbol`,
      values: [sourceId ?? null],
    });
    return rows;
  }

  /** Forgets symbols that the catalogue no longer names. @returns how many. */
  async forgetUnnamed(): Promise<number> {
    const { rowCount } = await this.pool.query(`DELETE FROM refused_symbols r WHERE NOT ${IS_NAMED}`);
    return rowCount ?? 0;
  }
}

const IS_NAMED = `EXISTS (
  SELECT 1 FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
  WHERE s.to_slot IS NULL AND ts.source_id = r.source_id AND ts.source_symbol = r.source_symbol)`;

/** Whether nobody tries a row of refused symbols at the moment; one whose lease runs is due soon anyway. */
function isNotBegunSql(now: string): string {
  return `next_try_at > ${now} + interval '${TRY_LEASE_SECONDS} seconds'`;
}

/** How long a symbol waits for its next try by its refusals alone. */
function waitSql(lastTriedAt: string, since: string): string {
  return `least(greatest(${lastTriedAt} - ${since}, interval '${TRY_AGAIN_SECONDS.first} seconds'), interval '${TRY_AGAIN_SECONDS.longest} seconds')`;
}

/** Since when a row of refused symbols could be asked for. */
const DUE_SINCE_SQL = 'coalesce(r.next_try_at, r.last_tried_at)';

const WAS_PASSED_OVER_SQL = `${DUE_SINCE_SQL} < to_timestamp($3::bigint - ts.interval_seconds)`;

/**
 * SQL of a {@link Refusal} of row `r` of refused symbols as JSON, for a slot ($3) of a ticker whose source is row `ts`; null without one.
 * While the source answers nobody, nobody is overdue.
 */
export const REFUSAL_SQL = `CASE WHEN r.source_id IS NOT NULL THEN json_build_object(
    'sinceMs', (extract(epoch FROM r.since) * 1000)::float8, 'nextTryMs', (extract(epoch FROM r.next_try_at) * 1000)::float8,
    'lastTriedMs', (extract(epoch FROM r.last_tried_at) * 1000)::float8,
    'suspectGroup', r.suspect_group, 'detail', r.detail, 'isDue', coalesce(r.next_try_at <= clock_timestamp(), false),
    'wasPassedOver', ${WAS_PASSED_OVER_SQL},
    'isOverdue', ${WAS_PASSED_OVER_SQL} AND ${DUE_SINCE_SQL} < clock_timestamp() - interval '${OVERDUE_SECONDS} seconds'
      AND EXISTS (SELECT 1 FROM source_states st WHERE st.source_id = r.source_id AND st.last_success_at > ${DUE_SINCE_SQL}),
    'isLasting', r.since < clock_timestamp() - interval '${LASTING_SECONDS} seconds',
    'mayBeBack', coalesce(r.next_try_at < r.last_tried_at + ${waitSql('r.last_tried_at', 'r.since')}, false),
    'othersAnswered', EXISTS (SELECT 1 FROM source_states st WHERE st.source_id = r.source_id AND st.last_success_at > r.last_tried_at)
  ) END`;

/**
 * The lock on the source's row comes first: who waits for it reads what the others have begun. A batch is due once in the shortest interval of its
 * tickers, and its call is taken to count as much as this one; standby sources are asked too rarely to count.
 */
const BEGIN_TRIES_SQL = `
  WITH state AS MATERIALIZED (
    SELECT tries_from FROM source_states WHERE source_id = $1 FOR NO KEY UPDATE
  ), at AS MATERIALIZED (
    SELECT clock_timestamp() AS now, (SELECT tries_from FROM state) AS tries_from FROM (SELECT count(*) FROM state) AS locked
  ), given AS (
    UPDATE refused_symbols SET next_try_at = at.now + interval '${TRY_LEASE_SECONDS} seconds' FROM at
    WHERE source_id = $1 AND source_symbol = ANY($2) AND next_try_at <= at.now
      AND ($3::float8 IS NULL OR at.tries_from IS NULL OR at.tries_from <= at.now + interval '${TRIES_AHEAD_SECONDS} seconds')
    RETURNING source_symbol AS symbol
  ), due AS (
    SELECT coalesce(sum(1 / every::float8), 0) AS calls_per_second FROM (
      SELECT min(ts.interval_seconds) AS every FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
      WHERE s.to_slot IS NULL AND ts.source_id = $1 AND NOT ts.standby GROUP BY ts.batch) AS batches
  ), paced AS (
    UPDATE source_states SET tries_from = greatest(at.tries_from, at.now)
      + 1 / greatest($3::float8 - due.calls_per_second, 1 / ${LONGEST_PACE_SECONDS}::float8) * interval '1 second'
    FROM at, due WHERE source_id = $1 AND $3::float8 IS NOT NULL AND EXISTS (SELECT 1 FROM given)
  )
  SELECT symbol FROM given`;

/** Every row that is deleted or changed is locked first, in the order of the symbols: two workers never deadlock. */
const LEARN_SQL = `
  WITH locked AS MATERIALIZED (
    SELECT source_symbol FROM refused_symbols WHERE source_id = $1 AND source_symbol = ANY($2::text[] || $3::text[])
    ORDER BY source_symbol FOR UPDATE
  ), at AS MATERIALIZED (
    SELECT clock_timestamp() AS now FROM (SELECT count(*) FROM locked) AS all_locked
  ), released AS (
    DELETE FROM refused_symbols WHERE source_id = $1 AND source_symbol IN (SELECT source_symbol FROM locked) AND source_symbol = ANY($2::text[])
    RETURNING source_id, source_symbol, since, last_tried_at, next_try_at, detail
  ), given AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS given(source_symbol, suspect_group, detail)
  ), before AS MATERIALIZED (
    SELECT source_symbol FROM refused_symbols
    WHERE source_id = $1 AND source_symbol IN (SELECT source_symbol FROM given) AND next_try_at IS NOT NULL
  ), learned AS (
    INSERT INTO refused_symbols AS r (source_id, source_symbol, since, last_tried_at, next_try_at, suspect_group, detail)
    SELECT $1, source_symbol, at.now, at.now,
           CASE WHEN source_symbol = ANY($6::text[]) AND EXISTS (SELECT 1 FROM released WHERE next_try_at IS NOT NULL) THEN at.now
             WHEN suspect_group IS NULL THEN at.now + interval '${TRY_AGAIN_SECONDS.first} seconds' END, suspect_group, detail
    FROM given, at ORDER BY source_symbol
    ON CONFLICT (source_id, source_symbol) DO UPDATE
      SET since = CASE WHEN r.next_try_at IS NULL AND EXCLUDED.suspect_group IS NULL THEN EXCLUDED.since ELSE r.since END,
          last_tried_at = EXCLUDED.last_tried_at, detail = EXCLUDED.detail, suspect_group = EXCLUDED.suspect_group,
          next_try_at = CASE WHEN EXCLUDED.next_try_at = EXCLUDED.last_tried_at THEN EXCLUDED.next_try_at
            WHEN EXCLUDED.suspect_group IS NULL THEN EXCLUDED.last_tried_at + least(
              ${waitSql('EXCLUDED.last_tried_at', 'CASE WHEN r.next_try_at IS NOT NULL THEN r.since END')},
              CASE WHEN EXISTS (SELECT 1 FROM released WHERE next_try_at IS NOT NULL) THEN interval '${TRY_AGAIN_SECONDS.first} seconds'
                WHEN r.source_symbol = ANY($6::text[]) THEN interval '${MAYBE_BACK_TRY_AGAIN_SECONDS} seconds' END) END
      WHERE EXCLUDED.suspect_group IS NULL OR r.suspect_group IS NOT NULL
    RETURNING source_id, source_symbol, since, last_tried_at, next_try_at, detail
  ), woken AS (
    UPDATE refused_symbols SET next_try_at = at.now FROM at
    WHERE source_id = $1 AND source_symbol IN (
      -- Whom another worker learns about in this moment is left to it.
      SELECT source_symbol FROM refused_symbols, at
      WHERE source_id = $1 AND ${isNotBegunSql('at.now')} AND source_symbol <> ALL ($2::text[]) AND source_symbol <> ALL ($3::text[])
        AND EXISTS (SELECT 1 FROM released WHERE next_try_at IS NOT NULL)
      FOR UPDATE OF refused_symbols SKIP LOCKED)
  )
  SELECT source_id AS "sourceId", source_symbol AS symbol, since, last_tried_at AS "lastTriedAt", next_try_at AS "nextTryAt", detail,
         source_symbol NOT IN (SELECT source_symbol FROM before) AS "isNew", false AS "isReleased"
  FROM learned WHERE next_try_at IS NOT NULL
  UNION ALL
  SELECT source_id, source_symbol, since, last_tried_at, next_try_at, detail, false, true FROM released WHERE next_try_at IS NOT NULL`;
