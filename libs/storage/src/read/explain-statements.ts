import type { Statement } from './read-database.js';

// Every statement finds its rows by a primary key, or by an index that begins with one.

const EPOCH = (column: string) => `date_part('epoch', ${column})`;

/** Every version of ticker $1, oldest first. */
export const EXPLAIN_VERSIONS: Statement = {
  name: 'explain-versions',
  text: `SELECT id, from_slot AS "fromSlot", to_slot AS "toSlot", interval_seconds AS "intervalSeconds"
         FROM schedules WHERE ticker_id = $1 ORDER BY from_slot`,
};

/** The slot of the newest price of ticker $1. */
export const EXPLAIN_LATEST: Statement = {
  name: 'explain-latest',
  text: 'SELECT slot FROM latest WHERE ticker_id = $1',
};

/** The version of ticker $1 that held at second $2, with its sources in order of preference. */
export const EXPLAIN_SCHEDULE: Statement = {
  name: 'explain-schedule',
  text: `SELECT s.id, s.from_slot AS "fromSlot", s.to_slot AS "toSlot", s.interval_seconds AS "intervalSeconds", s.rule,
                s.rule_options AS "ruleOptions",
                (SELECT coalesce(json_agg(json_build_object('source', o.name, 'sourceSymbol', ts.source_symbol, 'batch', ts.batch,
                   'intervalSeconds', ts.interval_seconds, 'standby', ts.standby, 'quotedIn', ts.quoted_in) ORDER BY ts.position), '[]')
                 FROM ticker_sources ts JOIN sources o ON o.id = ts.source_id WHERE ts.schedule_id = s.id) AS sources
         FROM schedules s WHERE s.ticker_id = $1 AND int8range(s.from_slot, s.to_slot) @> $2::bigint`,
};

/** The price of ticker $1 in slot $2. */
export const EXPLAIN_PRICE: Statement = {
  name: 'explain-price',
  text: `SELECT p.price::text AS price, p.uncertainty::text AS uncertainty, o.name AS source,
                ${EPOCH('p.observed_at')} AS "observedAt", p.flags, p.revision, p.consensus
         FROM prices p LEFT JOIN sources o ON o.id = p.source_id WHERE p.ticker_id = $1 AND p.slot = $2`,
};

/** What the price of ticker $1 in slot $2 was before, oldest first. */
export const EXPLAIN_PRICE_REVISIONS: Statement = {
  name: 'explain-price-revisions',
  text: `SELECT r.revision, r.price::text AS price, r.uncertainty::text AS uncertainty, o.name AS source,
                ${EPOCH('r.observed_at')} AS "observedAt", r.flags, r.consensus,
                ${EPOCH('r.replaced_at')} AS "replacedAt", r.cause
         FROM price_revisions r LEFT JOIN sources o ON o.id = r.source_id WHERE r.ticker_id = $1 AND r.slot = $2 ORDER BY r.revision`,
};

/** The last gap range of ticker $1 that begins at or before slot $2: ranges never overlap, so only that one can cover it. */
export const EXPLAIN_GAP: Statement = {
  name: 'explain-gap',
  text: `SELECT from_slot AS "fromSlot", to_slot AS "toSlot", reason, ${EPOCH('recorded_at')} AS "recordedAt"
         FROM gaps WHERE ticker_id = $1 AND from_slot <= $2 ORDER BY from_slot DESC LIMIT 1`,
};

/**
 * The sources of slot $2 for ticker $1 by version $3: every source that was due, and every one that has a sample, each with its fetch. A
 * day on which bodies were dropped, or refused, says why a body is not there.
 */
export const EXPLAIN_SLOT_SOURCES: Statement = {
  name: 'explain-slot-sources',
  text: `SELECT o.name AS source, ts.source_symbol AS "sourceSymbol", slot_source.batch, coalesce(ts.standby, false) AS standby,
                s.outcome, s.reason, s.detail, s.price::text AS price, s.raw, s.inverted, s.rate::text AS rate,
                s.rate_uncertainty::text AS "rateUncertainty", s.rate_ticker AS "rateTicker", s.flags, s.market_cap::text AS "marketCap", s.volume_24h::text AS "volume24h",
                ${EPOCH('s.source_time')} AS "sourceTime", ${EPOCH('s.requested_at')} AS "requestedAt",
                ${EPOCH('s.observed_at')} AS "observedAt", ${EPOCH('s.stored_at')} AS "storedAt", s.origin, s.revision,
                (SELECT coalesce(json_agg(json_build_object('revision', r.revision, 'outcome', r.outcome, 'reason', r.reason,
                   'detail', r.detail, 'price', r.price::text, 'raw', r.raw, 'rate', r.rate::text,
                   'rateUncertainty', r.rate_uncertainty::text, 'flags', r.flags, 'replacedAt', ${EPOCH('r.replaced_at')}, 'cause', r.cause) ORDER BY r.revision), '[]')
                 FROM sample_revisions r WHERE r.ticker_id = $1 AND r.slot = $2 AND r.source_id = slot_source.source_id) AS revisions,
                CASE WHEN f.slot IS NOT NULL THEN json_build_object('status', f.status, 'attempts', f.attempts,
                  'maxAttempts', f.max_attempts, 'requestedAt', ${EPOCH('f.requested_at')}, 'receivedAt', ${EPOCH('f.received_at')},
                  'latencyMs', f.latency_ms, 'httpStatus', f.http_status, 'errorKind', f.error_kind, 'errorMessage', f.error_message,
                  'endpoint', f.endpoint, 'url', f.url, 'headers', f.headers, 'parserVersion', f.parser_version,
                  'sha256', encode(f.payload_sha256, 'hex'), 'bytes', p.bytes, 'isDayKnown', d.day IS NOT NULL,
                  'isDayDropped', d.dropped_at IS NOT NULL, 'refusedOfDay', d.refused) END AS fetch,
                (SELECT coalesce(json_agg(json_build_object('attempt', a.attempt, 'requestedAt', ${EPOCH('a.requested_at')},
                   'receivedAt', ${EPOCH('a.received_at')}, 'latencyMs', a.latency_ms, 'httpStatus', a.http_status,
                   'errorKind', a.error_kind, 'errorMessage', a.error_message, 'endpoint', a.endpoint, 'url', a.url,
                   'headers', a.headers, 'parserVersion', a.parser_version, 'sha256', encode(a.payload_sha256, 'hex'))
                   ORDER BY a.attempt), '[]')
                 FROM fetch_attempts a
                 WHERE a.source_id = slot_source.source_id AND a.batch = slot_source.batch AND a.slot = $2) AS "earlierAttempts"
         FROM (
           SELECT coalesce(s.source_id, ts.source_id) AS source_id, coalesce(s.batch, ts.batch) AS batch
           FROM (SELECT source_id, batch FROM ticker_sources WHERE schedule_id = $3 AND $2::bigint % interval_seconds = 0) ts
           FULL JOIN (SELECT source_id, batch FROM samples WHERE ticker_id = $1 AND slot = $2) s ON s.source_id = ts.source_id
         ) slot_source
         LEFT JOIN sources o ON o.id = slot_source.source_id
         LEFT JOIN ticker_sources ts ON ts.schedule_id = $3 AND ts.source_id = slot_source.source_id
         LEFT JOIN samples s ON s.ticker_id = $1 AND s.slot = $2 AND s.source_id = slot_source.source_id
         LEFT JOIN fetches f ON f.source_id = slot_source.source_id AND f.batch = slot_source.batch AND f.slot = $2
         LEFT JOIN payloads p ON p.sha256 = f.payload_sha256
         LEFT JOIN payload_days d ON d.day = (f.received_at AT TIME ZONE 'UTC')::date
         ORDER BY ts.position, slot_source.source_id`,
};

/** The price of each of the tickers $1 in its own slot in which second $2 lies: what samples of that second are converted with. */
export const EXPLAIN_RATES: Statement = {
  name: 'explain-rates',
  text: `SELECT t.ticker, covering.slot, p.price::text AS price, o.name AS source
         FROM tickers t
         JOIN schedules s ON s.ticker_id = t.id AND int8range(s.from_slot, s.to_slot) @> $2::bigint
         CROSS JOIN LATERAL (SELECT $2::bigint - $2::bigint % s.interval_seconds AS slot) covering
         LEFT JOIN prices p ON p.ticker_id = t.id AND p.slot = covering.slot
         LEFT JOIN sources o ON o.id = p.source_id
         WHERE t.ticker = ANY($1::text[])`,
};

/** The bodies with the hashes $1 that are no longer than $2 bytes. */
export const PAYLOAD_BODIES: Statement = {
  name: 'payload-bodies',
  text: `SELECT encode(sha256, 'hex') AS sha256, body, encoding, bytes FROM payloads WHERE sha256 = ANY($1::bytea[]) AND bytes <= $2`,
};
