-- The tables as the migrations leave them, described by Postgres. Generated: see test/schema.int.spec.ts.

CREATE TABLE asset_links (
  source text NOT NULL,
  asset_id text NOT NULL,
  canonical_id text NOT NULL,
  linked_by text NOT NULL,
  linked_at timestamp(3) with time zone NOT NULL,
  symbol text,
  name text,
  CONSTRAINT asset_links_canonical_id_fkey FOREIGN KEY (canonical_id) REFERENCES canonical_assets(canonical_id),
  CONSTRAINT asset_links_canonical_id_source_key UNIQUE (canonical_id, source),
  CONSTRAINT asset_links_linked_by_check CHECK ((linked_by = ANY (ARRAY['rule'::text, 'symbol_and_name'::text, 'itself'::text]))),
  CONSTRAINT asset_links_pkey PRIMARY KEY (source, asset_id)
);

CREATE TABLE asset_values (
  source text NOT NULL,
  asset_id text NOT NULL,
  updated_at timestamp(3) with time zone NOT NULL,
  price_usd numeric,
  market_cap numeric,
  volume_24h numeric,
  CONSTRAINT asset_values_pkey PRIMARY KEY (source, asset_id, updated_at)
) PARTITION BY RANGE (updated_at);

CREATE TABLE assets (
  source text NOT NULL,
  asset_id text NOT NULL,
  symbol text NOT NULL,
  name text NOT NULL,
  price_usd numeric,
  market_cap numeric,
  volume_24h numeric,
  updated_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT assets_pkey PRIMARY KEY (source, asset_id)
);
CREATE INDEX assets_by_size ON public.assets USING btree (source, market_cap DESC NULLS LAST, asset_id);

CREATE TABLE candles (
  ticker_id integer NOT NULL,
  bucket bigint NOT NULL,
  open numeric NOT NULL,
  open_slot bigint NOT NULL,
  high numeric NOT NULL,
  low numeric NOT NULL,
  close numeric NOT NULL,
  close_slot bigint NOT NULL,
  count integer NOT NULL,
  CONSTRAINT candles_pkey PRIMARY KEY (ticker_id, bucket)
);

CREATE TABLE canonical_assets (
  canonical_id text NOT NULL,
  symbol text NOT NULL,
  name text NOT NULL,
  pegged_to text,
  is_symbol_clear boolean NOT NULL,
  CONSTRAINT canonical_assets_pkey PRIMARY KEY (canonical_id)
);
CREATE INDEX canonical_assets_symbol ON public.canonical_assets USING btree (symbol);

CREATE TABLE drift_events (
  source_id smallint NOT NULL,
  endpoint text NOT NULL,
  field text NOT NULL,
  detail text NOT NULL,
  first_seen_at timestamp(3) with time zone NOT NULL,
  last_seen_at timestamp(3) with time zone NOT NULL,
  count bigint NOT NULL DEFAULT 1,
  CONSTRAINT drift_events_pkey PRIMARY KEY (source_id, endpoint, field),
  CONSTRAINT drift_events_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
);

CREATE TABLE etl_checkpoints (
  source text NOT NULL,
  run_id bigint NOT NULL,
  status text NOT NULL,
  last_processed_id text,
  last_processed_at timestamp(3) with time zone,
  page_records integer NOT NULL DEFAULT 0,
  next_page text,
  reading_from bigint,
  reading_before bigint,
  CONSTRAINT etl_checkpoints_pkey PRIMARY KEY (source),
  CONSTRAINT etl_checkpoints_run_id_fkey FOREIGN KEY (run_id) REFERENCES etl_runs(run_id),
  CONSTRAINT etl_checkpoints_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text])))
);

CREATE TABLE etl_lists (
  source text NOT NULL,
  interval_seconds integer NOT NULL,
  read_since timestamp(3) with time zone NOT NULL,
  CONSTRAINT etl_lists_interval_seconds_check CHECK ((interval_seconds > 0)),
  CONSTRAINT etl_lists_pkey PRIMARY KEY (source)
);

CREATE TABLE etl_pages (
  source text NOT NULL,
  page text NOT NULL,
  next_page text,
  fetched_at timestamp(3) with time zone NOT NULL,
  record_ids text[] NOT NULL,
  places text[] NOT NULL,
  payloads text[] NOT NULL,
  CONSTRAINT etl_pages_check CHECK (((cardinality(record_ids) = cardinality(places)) AND (cardinality(record_ids) = cardinality(payloads)))),
  CONSTRAINT etl_pages_pkey PRIMARY KEY (source),
  CONSTRAINT etl_pages_source_fkey FOREIGN KEY (source) REFERENCES etl_checkpoints(source)
);

CREATE TABLE etl_quarantine (
  source text NOT NULL,
  run_id bigint NOT NULL,
  record_id text NOT NULL,
  place text NOT NULL,
  reason text NOT NULL,
  payload text NOT NULL,
  quarantined_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT etl_quarantine_pkey PRIMARY KEY (source, record_id, run_id)
);

CREATE TABLE etl_records (
  source text NOT NULL,
  record_id text NOT NULL,
  content_hash bytea NOT NULL,
  seen_run_id bigint NOT NULL,
  ingested_at integer NOT NULL,
  CONSTRAINT etl_records_content_hash_check CHECK ((octet_length(content_hash) = 32)),
  CONSTRAINT etl_records_pkey PRIMARY KEY (source, record_id)
);

CREATE TABLE etl_runs (
  run_id bigint NOT NULL,
  source text NOT NULL,
  status text NOT NULL,
  started_at timestamp(3) with time zone NOT NULL,
  ended_at timestamp(3) with time zone,
  pages integer NOT NULL DEFAULT 0,
  records_processed integer NOT NULL DEFAULT 0,
  records_written integer NOT NULL DEFAULT 0,
  records_unchanged integer NOT NULL DEFAULT 0,
  records_quarantined integer NOT NULL DEFAULT 0,
  records_repeated integer NOT NULL DEFAULT 0,
  records_missed integer NOT NULL DEFAULT 0,
  records_returned integer NOT NULL DEFAULT 0,
  error text,
  CONSTRAINT etl_runs_check CHECK (((status = 'running'::text) = (ended_at IS NULL))),
  CONSTRAINT etl_runs_check1 CHECK (((status = 'failed'::text) = (error IS NOT NULL))),
  CONSTRAINT etl_runs_check2 CHECK ((records_processed = ((records_written + records_unchanged) + records_quarantined))),
  CONSTRAINT etl_runs_pkey PRIMARY KEY (run_id),
  CONSTRAINT etl_runs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text])))
);
CREATE INDEX etl_runs_source ON public.etl_runs USING btree (source, run_id);

CREATE TABLE fetch_attempts (
  source_id smallint NOT NULL,
  batch text NOT NULL,
  slot bigint NOT NULL,
  attempt smallint NOT NULL,
  requested_at timestamp(3) with time zone,
  received_at timestamp(3) with time zone,
  http_status smallint,
  latency_ms integer,
  error_kind text,
  error_message text,
  endpoint text,
  url text,
  headers jsonb,
  parser_version text,
  payload_sha256 bytea,
  CONSTRAINT fetch_attempts_pkey PRIMARY KEY (source_id, batch, slot, attempt)
);
CREATE INDEX fetch_attempts_slot ON public.fetch_attempts USING btree (slot);

CREATE TABLE fetches (
  source_id smallint NOT NULL,
  batch text NOT NULL,
  slot bigint NOT NULL,
  deadline bigint NOT NULL,
  max_attempts smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'planned'::text,
  planned_at timestamp(3) with time zone NOT NULL,
  enqueued_at timestamp(3) with time zone,
  lease_until timestamp(3) with time zone,
  requested_at timestamp(3) with time zone,
  received_at timestamp(3) with time zone,
  http_status smallint,
  latency_ms integer,
  error_kind text,
  error_message text,
  endpoint text,
  url text,
  headers jsonb,
  parser_version text,
  payload_sha256 bytea,
  CONSTRAINT fetches_check CHECK (((attempts >= 0) AND (attempts <= max_attempts))),
  CONSTRAINT fetches_max_attempts_check CHECK ((max_attempts > 0)),
  CONSTRAINT fetches_pkey PRIMARY KEY (source_id, batch, slot),
  CONSTRAINT fetches_status_check CHECK ((status = ANY (ARRAY['planned'::text, 'queued'::text, 'running'::text, 'retry'::text, 'answered'::text, 'failed'::text, 'closed'::text])))
) PARTITION BY RANGE (slot);
CREATE INDEX fetches_unfinished ON ONLY public.fetches USING btree (slot) WHERE (status = ANY (ARRAY['planned'::text, 'queued'::text, 'running'::text, 'retry'::text]));

CREATE TABLE gaps (
  ticker_id integer NOT NULL,
  from_slot bigint NOT NULL,
  to_slot bigint NOT NULL,
  reason text NOT NULL,
  recorded_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT gaps_check CHECK ((to_slot > from_slot)),
  CONSTRAINT gaps_pkey PRIMARY KEY (ticker_id, from_slot),
  CONSTRAINT gaps_reason_check CHECK ((reason = ANY (ARRAY['not_planned'::text, 'database_unavailable'::text, 'no_quorum'::text, 'disagreement'::text]))),
  CONSTRAINT gaps_ticker_id_fkey FOREIGN KEY (ticker_id) REFERENCES tickers(id)
);

CREATE TABLE latest (
  ticker_id integer NOT NULL,
  slot bigint NOT NULL,
  price numeric NOT NULL,
  source_id smallint NOT NULL,
  observed_at timestamp(3) with time zone NOT NULL,
  flags smallint NOT NULL,
  consensus jsonb,
  CONSTRAINT latest_pkey PRIMARY KEY (ticker_id)
);

CREATE TABLE payload_days (
  day date NOT NULL,
  stored_bytes bigint NOT NULL DEFAULT 0,
  kept integer NOT NULL DEFAULT 0,
  refused integer NOT NULL DEFAULT 0,
  dropped_at timestamp(3) with time zone,
  CONSTRAINT payload_days_pkey PRIMARY KEY (day)
);

CREATE TABLE payloads (
  sha256 bytea NOT NULL,
  body bytea NOT NULL,
  encoding text NOT NULL,
  bytes integer NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  CONSTRAINT payloads_encoding_check CHECK ((encoding = ANY (ARRAY['gzip'::text, 'identity'::text]))),
  CONSTRAINT payloads_pkey PRIMARY KEY (sha256)
);
CREATE INDEX payloads_last_day ON public.payloads USING btree (last_day);

CREATE TABLE price_revisions (
  ticker_id integer NOT NULL,
  slot bigint NOT NULL,
  revision smallint NOT NULL,
  price numeric NOT NULL,
  source_id smallint NOT NULL,
  observed_at timestamp(3) with time zone NOT NULL,
  flags smallint NOT NULL,
  consensus jsonb,
  replaced_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  cause text NOT NULL,
  uncertainty numeric,
  CONSTRAINT price_revisions_pkey PRIMARY KEY (ticker_id, slot, revision),
  CONSTRAINT price_revisions_ticker_id_fkey FOREIGN KEY (ticker_id) REFERENCES tickers(id)
);

CREATE TABLE prices (
  ticker_id integer NOT NULL,
  slot bigint NOT NULL,
  price numeric NOT NULL,
  source_id smallint NOT NULL,
  observed_at timestamp(3) with time zone NOT NULL,
  flags smallint NOT NULL DEFAULT 0,
  revision smallint NOT NULL DEFAULT 0,
  consensus jsonb,
  uncertainty numeric,
  CONSTRAINT prices_pkey PRIMARY KEY (ticker_id, slot) INCLUDE (price, source_id, observed_at, flags),
  CONSTRAINT prices_price_check CHECK (((price > (0)::numeric) AND (price < 'Infinity'::numeric)))
) PARTITION BY RANGE (slot);

CREATE TABLE raw_records (
  source text NOT NULL,
  record_id text NOT NULL,
  ingested_at integer NOT NULL,
  run_id bigint NOT NULL,
  content_hash bytea NOT NULL,
  payload jsonb NOT NULL,
  CONSTRAINT raw_records_content_hash_check CHECK ((octet_length(content_hash) = 32)),
  CONSTRAINT raw_records_pkey PRIMARY KEY (source, record_id, ingested_at, run_id)
) PARTITION BY LIST (source);

CREATE TABLE refused_symbols (
  source_id smallint NOT NULL,
  source_symbol text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  last_tried_at timestamp(3) with time zone NOT NULL,
  next_try_at timestamp(3) with time zone,
  suspect_group text,
  detail text NOT NULL,
  CONSTRAINT refused_symbols_check CHECK (((next_try_at IS NULL) = (suspect_group IS NOT NULL))),
  CONSTRAINT refused_symbols_pkey PRIMARY KEY (source_id, source_symbol),
  CONSTRAINT refused_symbols_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
);

CREATE TABLE sample_revisions (
  ticker_id integer NOT NULL,
  slot bigint NOT NULL,
  source_id smallint NOT NULL,
  revision smallint NOT NULL,
  outcome text NOT NULL,
  reason text,
  detail text,
  price numeric,
  raw text,
  source_time timestamp(3) with time zone,
  inverted boolean NOT NULL DEFAULT false,
  rate numeric,
  rate_ticker text,
  flags smallint NOT NULL,
  market_cap numeric,
  volume_24h numeric,
  replaced_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  cause text NOT NULL,
  rate_uncertainty numeric,
  CONSTRAINT sample_revisions_pkey PRIMARY KEY (ticker_id, slot, source_id, revision),
  CONSTRAINT sample_revisions_ticker_id_fkey FOREIGN KEY (ticker_id) REFERENCES tickers(id)
);

CREATE TABLE samples (
  ticker_id integer NOT NULL,
  slot bigint NOT NULL,
  source_id smallint NOT NULL,
  outcome text NOT NULL,
  reason text,
  price numeric,
  raw text,
  source_time timestamp(3) with time zone,
  requested_at timestamp(3) with time zone,
  observed_at timestamp(3) with time zone,
  stored_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  batch text NOT NULL,
  origin text NOT NULL DEFAULT 'live'::text,
  revision smallint NOT NULL DEFAULT 0,
  detail text,
  inverted boolean NOT NULL DEFAULT false,
  rate numeric,
  rate_ticker text,
  flags smallint NOT NULL DEFAULT 0,
  market_cap numeric,
  volume_24h numeric,
  rate_uncertainty numeric,
  CONSTRAINT samples_check CHECK (((outcome = 'accepted'::text) = (price IS NOT NULL))),
  CONSTRAINT samples_check1 CHECK (((outcome = 'accepted'::text) = (reason IS NULL))),
  CONSTRAINT samples_origin_check CHECK ((origin = ANY (ARRAY['live'::text, 'history'::text]))),
  CONSTRAINT samples_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'rejected'::text, 'failed'::text, 'missed'::text]))),
  CONSTRAINT samples_pkey PRIMARY KEY (ticker_id, slot, source_id),
  CONSTRAINT samples_price_check CHECK (((price > (0)::numeric) AND (price < 'Infinity'::numeric))),
  CONSTRAINT samples_rate_check CHECK (((rate > (0)::numeric) AND (rate < 'Infinity'::numeric)))
) PARTITION BY RANGE (slot);
CREATE INDEX samples_without_price ON ONLY public.samples USING btree (ticker_id, slot) WHERE (outcome <> 'accepted'::text);
CREATE INDEX samples_without_rate ON ONLY public.samples USING btree (slot, rate_ticker) WHERE (reason = 'no_conversion_rate'::text);

CREATE TABLE schedules (
  id integer NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  ticker_id integer NOT NULL,
  from_slot bigint NOT NULL,
  to_slot bigint,
  interval_seconds integer NOT NULL,
  rule text NOT NULL,
  rule_options jsonb NOT NULL DEFAULT '{}'::jsonb,
  planned_to bigint NOT NULL,
  CONSTRAINT schedules_check CHECK ((to_slot >= from_slot)),
  CONSTRAINT schedules_check1 CHECK ((planned_to >= from_slot)),
  CONSTRAINT schedules_interval_seconds_check CHECK (((interval_seconds >= 1) AND (interval_seconds <= 86400))),
  CONSTRAINT schedules_pkey PRIMARY KEY (id),
  CONSTRAINT schedules_rule_check CHECK ((rule = ANY (ARRAY['priority'::text, 'median'::text]))),
  CONSTRAINT schedules_ticker_id_fkey FOREIGN KEY (ticker_id) REFERENCES tickers(id),
  CONSTRAINT schedules_ticker_id_int8range_excl EXCLUDE USING gist (ticker_id WITH =, int8range(from_slot, to_slot) WITH &&)
);
CREATE INDEX schedules_due ON public.schedules USING btree (planned_to);
CREATE INDEX schedules_ticker ON public.schedules USING btree (ticker_id, from_slot);

CREATE TABLE settings (
  key text NOT NULL,
  value jsonb NOT NULL,
  CONSTRAINT settings_pkey PRIMARY KEY (key)
);

CREATE TABLE snapshot_progress (
  id boolean NOT NULL DEFAULT true,
  written_to bigint NOT NULL,
  CONSTRAINT snapshot_progress_id_check CHECK (id),
  CONSTRAINT snapshot_progress_pkey PRIMARY KEY (id),
  CONSTRAINT snapshot_progress_written_to_check CHECK (((written_to % (60)::bigint) = 0))
);

CREATE TABLE source_credits (
  source_id smallint NOT NULL,
  month date NOT NULL,
  used bigint NOT NULL DEFAULT 0,
  CONSTRAINT source_credits_pkey PRIMARY KEY (source_id, month),
  CONSTRAINT source_credits_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
);

CREATE TABLE source_states (
  source_id smallint NOT NULL,
  paused_until timestamp(3) with time zone,
  pauses integer NOT NULL DEFAULT 0,
  circuit_open_until timestamp(3) with time zone,
  circuit_reason text,
  circuit_openings integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  failing_since timestamp(3) with time zone,
  failing_batches text[] NOT NULL DEFAULT '{}'::text[],
  probing_until timestamp(3) with time zone,
  weighed_until timestamp with time zone,
  last_success_at timestamp(3) with time zone,
  last_latency_ms integer,
  last_failure_at timestamp(3) with time zone,
  last_failure_kind text,
  last_failure_message text,
  tries_from timestamp(3) with time zone,
  CONSTRAINT source_states_pkey PRIMARY KEY (source_id),
  CONSTRAINT source_states_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
);

CREATE TABLE sources (
  id smallint NOT NULL,
  name text NOT NULL,
  CONSTRAINT sources_name_key UNIQUE (name),
  CONSTRAINT sources_pkey PRIMARY KEY (id)
);

CREATE TABLE ticker_sources (
  schedule_id integer NOT NULL,
  source_id smallint NOT NULL,
  position smallint NOT NULL,
  source_symbol text NOT NULL,
  batch text NOT NULL,
  interval_seconds integer NOT NULL,
  standby boolean NOT NULL DEFAULT false,
  quoted_in text,
  CONSTRAINT ticker_sources_interval_seconds_check CHECK (((interval_seconds >= 1) AND (interval_seconds <= 86400))),
  CONSTRAINT ticker_sources_pkey PRIMARY KEY (schedule_id, source_id),
  CONSTRAINT ticker_sources_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES schedules(id) ON DELETE CASCADE,
  CONSTRAINT ticker_sources_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id)
);
CREATE INDEX ticker_sources_batch ON public.ticker_sources USING btree (source_id, batch);
CREATE INDEX ticker_sources_quoted_in ON public.ticker_sources USING btree (quoted_in) WHERE (quoted_in IS NOT NULL);

CREATE TABLE tickers (
  id integer NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  ticker text NOT NULL,
  base text NOT NULL,
  quote text NOT NULL,
  CONSTRAINT tickers_pkey PRIMARY KEY (id),
  CONSTRAINT tickers_ticker_key UNIQUE (ticker)
);
