import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why a price is believed and where it came from: rule `median`, conversion, payloads, and how each source has behaved. */
export class Belief1763700000000 implements MigrationInterface {
  readonly name = 'Belief1763700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('What was learnt of a price is not forgotten: restore a backup instead.');
  }
}

const STATEMENTS = [
  `ALTER TABLE schedules DROP CONSTRAINT schedules_rule_check,
    ADD CONSTRAINT schedules_rule_check CHECK (rule IN ('priority', 'median'))`,
  `ALTER TABLE ticker_sources
    ADD COLUMN standby boolean NOT NULL DEFAULT false,
    ADD COLUMN quoted_in text`,
  // The version that holds in a slot is looked up at every store.
  `CREATE INDEX schedules_ticker ON schedules (ticker_id, from_slot)`,
  // Whether a ticker converts others is asked at every store of a price.
  `CREATE INDEX ticker_sources_quoted_in ON ticker_sources (quoted_in) WHERE quoted_in IS NOT NULL`,
  // The median is nobody's sample: its prices have a source of their own.
  `INSERT INTO sources (id, name) VALUES (0, 'median')`,
  `ALTER TABLE fetches
    ADD COLUMN endpoint text,
    ADD COLUMN url text,
    ADD COLUMN headers jsonb,
    ADD COLUMN parser_version text,
    ADD COLUMN payload_sha256 bytea`,
  // "inverted": the text on the wire is units of the base for one of the quote. A rate without a price: what it would have been
  // converted at.
  `ALTER TABLE samples
    ADD COLUMN detail text,
    ADD COLUMN inverted boolean NOT NULL DEFAULT false,
    ADD COLUMN rate numeric CHECK (rate > 0 AND rate < 'Infinity'),
    ADD COLUMN rate_ticker text,
    ADD COLUMN flags smallint NOT NULL DEFAULT 0,
    ADD COLUMN market_cap numeric,
    ADD COLUMN volume_24h numeric`,
  // Samples that wait for the price that converts them.
  `CREATE INDEX samples_without_rate ON samples (slot, rate_ticker) WHERE reason = 'no_conversion_rate'`,
  // How a median came about: sources used, spread, who was left out and why.
  `ALTER TABLE prices ADD COLUMN consensus jsonb`,
  `ALTER TABLE latest ADD COLUMN consensus jsonb`,
  `ALTER TABLE gaps DROP CONSTRAINT gaps_reason_check,
    ADD CONSTRAINT gaps_reason_check
      CHECK (reason IN ('not_planned', 'database_unavailable', 'no_quorum', 'disagreement'))`,
  // What a correction replaced: the price of a slot as it was before its newest revision.
  `CREATE TABLE price_revisions (
    ticker_id int NOT NULL REFERENCES tickers,
    slot bigint NOT NULL,
    revision smallint NOT NULL,
    price numeric NOT NULL,
    source_id smallint NOT NULL,
    observed_at timestamptz(3) NOT NULL,
    flags smallint NOT NULL,
    consensus jsonb,
    replaced_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    cause text NOT NULL,
    PRIMARY KEY (ticker_id, slot, revision)
  )`,
  `CREATE TABLE sample_revisions (
    ticker_id int NOT NULL REFERENCES tickers,
    slot bigint NOT NULL,
    source_id smallint NOT NULL,
    revision smallint NOT NULL,
    outcome text NOT NULL,
    reason text,
    detail text,
    price numeric,
    raw text,
    source_time timestamptz(3),
    inverted boolean NOT NULL DEFAULT false,
    rate numeric,
    rate_ticker text,
    flags smallint NOT NULL,
    market_cap numeric,
    volume_24h numeric,
    replaced_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    cause text NOT NULL,
    PRIMARY KEY (ticker_id, slot, source_id, revision)
  )`,
  // The calls of a fetch that failed and were followed by another: the fetch itself tells of the last one only.
  `CREATE TABLE fetch_attempts (
    source_id smallint NOT NULL,
    batch text NOT NULL,
    slot bigint NOT NULL,
    attempt smallint NOT NULL,
    requested_at timestamptz(3),
    received_at timestamptz(3),
    http_status smallint,
    latency_ms int,
    error_kind text NOT NULL,
    error_message text,
    endpoint text,
    url text,
    headers jsonb,
    parser_version text,
    payload_sha256 bytea,
    PRIMARY KEY (source_id, batch, slot, attempt)
  )`,
  `CREATE INDEX fetch_attempts_slot ON fetch_attempts (slot)`,
  // One row for each different body; "last_day" is the newest day on which it came, by which it is dropped.
  `CREATE TABLE payloads (
    sha256 bytea PRIMARY KEY,
    body bytea NOT NULL,
    encoding text NOT NULL CHECK (encoding IN ('gzip', 'identity')),
    bytes int NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL
  )`,
  `CREATE INDEX payloads_last_day ON payloads (last_day)`,
  // A body comes compressed already: Postgres would try in vain to make it smaller.
  `ALTER TABLE payloads ALTER COLUMN body SET STORAGE EXTERNAL`,
  // "refused": bodies beyond the cap of the day; "dropped_at": since when the bodies of the day are past their retention.
  `CREATE TABLE payload_days (
    day date PRIMARY KEY,
    stored_bytes bigint NOT NULL DEFAULT 0,
    kept int NOT NULL DEFAULT 0,
    refused int NOT NULL DEFAULT 0,
    dropped_at timestamptz(3)
  ) WITH (fillfactor = 50)`,
  // How a source behaves, for the whole fleet. "failures", with since when and in which batches, counts those since its last
  // success; "benches" and "pauses" count those in a row; "weighed_until" is how far ahead its limit has been used up.
  `CREATE TABLE source_states (
    source_id smallint PRIMARY KEY REFERENCES sources,
    paused_until timestamptz(3),
    pauses int NOT NULL DEFAULT 0,
    benched_until timestamptz(3),
    bench_reason text,
    benches int NOT NULL DEFAULT 0,
    failures int NOT NULL DEFAULT 0,
    failing_since timestamptz(3),
    failing_batches text[] NOT NULL DEFAULT '{}',
    probing_until timestamptz(3),
    weighed_until timestamptz,
    last_success_at timestamptz(3),
    last_latency_ms int,
    last_failure_at timestamptz(3),
    last_failure_kind text,
    last_failure_message text
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE source_credits (
    source_id smallint NOT NULL REFERENCES sources,
    month date NOT NULL,
    used bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source_id, month)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE drift_events (
    source_id smallint NOT NULL REFERENCES sources,
    endpoint text NOT NULL,
    field text NOT NULL,
    detail text NOT NULL,
    first_seen_at timestamptz(3) NOT NULL,
    last_seen_at timestamptz(3) NOT NULL,
    count bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (source_id, endpoint, field)
  )`,
];
