import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lists of assets and files of records: what came, how far each source was read, and what it says of each asset. */
export class AssetLists1764300000000 implements MigrationInterface {
  readonly name = 'AssetLists1764300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('What was collected is not thrown away: restore a backup instead.');
  }
}

const STATEMENTS = [
  // Counts are of records: processed = written + unchanged + quarantined. Pages of a live list shift while they are read: repeated came
  // twice in one reading of the list (it may take several runs), missed were in the reading before and not in this one, which the run
  // counts that ends it, and returned are those among the processed that the reading before had not. An asset that was taken off the list, or
  // fell below the last page that is read, is missed once.
  `CREATE TABLE etl_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    started_at timestamptz(3) NOT NULL,
    ended_at timestamptz(3),
    pages integer NOT NULL DEFAULT 0,
    records_processed integer NOT NULL DEFAULT 0,
    records_written integer NOT NULL DEFAULT 0,
    records_unchanged integer NOT NULL DEFAULT 0,
    records_quarantined integer NOT NULL DEFAULT 0,
    records_repeated integer NOT NULL DEFAULT 0,
    records_missed integer NOT NULL DEFAULT 0,
    records_returned integer NOT NULL DEFAULT 0,
    error text,
    CHECK ((status = 'running') = (ended_at IS NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL)),
    CHECK (records_processed = records_written + records_unchanged + records_quarantined)
  )`,
  `CREATE INDEX etl_runs_source ON etl_runs (source, run_id)`,
  // Where a source stands: so many records of the page in hand are processed, and which page comes after the last one that was
  // finished. Whoever runs holds a lock of a session, which goes with its process: see run-lock.ts.
  `CREATE TABLE etl_checkpoints (
    source text PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES etl_runs,
    status text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    last_processed_id text,
    last_processed_at timestamptz(3),
    page_records integer NOT NULL DEFAULT 0,
    next_page text,
    -- The run that began the reading in hand at its first page, and the one that began the last reading that came to its end; of files neither.
    reading_from bigint,
    reading_before bigint
  )`,
  // The page in hand of a source, records in the order of their ids; it goes when its last record is processed. A payload is JSON as it came.
  `CREATE TABLE etl_pages (
    source text PRIMARY KEY REFERENCES etl_checkpoints,
    page text NOT NULL,
    next_page text,
    fetched_at timestamptz(3) NOT NULL,
    record_ids text[] NOT NULL,
    places text[] NOT NULL,
    payloads text[] NOT NULL,
    CHECK (cardinality(record_ids) = cardinality(places) AND cardinality(record_ids) = cardinality(payloads))
  )`,
  // What every record was when it was last written, and when that was: one that comes again as it was is not written again. It goes
  // with the raw row of that time. Its run is that which saw it last, of files that which changed it last.
  `CREATE TABLE etl_records (
    source text NOT NULL,
    record_id text NOT NULL,
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 32),
    seen_run_id bigint NOT NULL,
    ingested_at integer NOT NULL,
    PRIMARY KEY (source, record_id)
  )`,
  // Which lists schedulers have read, and how often: what is not here is not read. For those who only read the database.
  `CREATE TABLE etl_lists (
    source text PRIMARY KEY,
    interval_seconds integer NOT NULL CHECK (interval_seconds > 0),
    read_since timestamptz(3) NOT NULL
  )`,
  // One list partition for each source (raw_coingecko), which is cut into months: see asset-partitions.ts.
  `CREATE TABLE raw_records (
    source text NOT NULL,
    record_id text NOT NULL,
    ingested_at integer NOT NULL,
    run_id bigint NOT NULL,
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 32),
    payload jsonb NOT NULL,
    PRIMARY KEY (source, record_id, ingested_at, run_id)
  ) PARTITION BY LIST (source)`,
  ...[
    ['raw_coingecko', 'coingecko'],
    ['raw_coinpaprika', 'coinpaprika'],
    ['raw_csv_source', 'csv'],
  ].map(
    ([table, source]) =>
      `CREATE TABLE ${table} PARTITION OF raw_records FOR VALUES IN ('${source}') PARTITION BY RANGE (ingested_at)`,
  ),
  `CREATE TABLE assets (
    source text NOT NULL,
    asset_id text NOT NULL,
    symbol text NOT NULL,
    name text NOT NULL,
    price_usd numeric,
    market_cap numeric,
    volume_24h numeric,
    updated_at timestamptz(3) NOT NULL,
    PRIMARY KEY (source, asset_id)
  )`,
  `CREATE INDEX assets_by_size ON assets (source, market_cap DESC NULLS LAST, asset_id)`,
  `CREATE VIEW crypto_market_data AS
    SELECT asset_id, symbol, name, price_usd, market_cap, volume_24h, source, updated_at FROM assets`,
  `CREATE TABLE asset_values (
    source text NOT NULL,
    asset_id text NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    price_usd numeric,
    market_cap numeric,
    volume_24h numeric,
    PRIMARY KEY (source, asset_id, updated_at)
  ) PARTITION BY RANGE (updated_at)`,
  // An asset, whatever its sources call it. Its symbol is clear when it means this asset alone.
  `CREATE TABLE canonical_assets (
    canonical_id text PRIMARY KEY,
    symbol text NOT NULL,
    name text NOT NULL,
    pegged_to text,
    is_symbol_clear boolean NOT NULL
  )`,
  `CREATE INDEX canonical_assets_symbol ON canonical_assets (symbol)`,
  // Which canonical asset each one of a source is, by the symbol and name that it had then; kept when the source lists it no more.
  `CREATE TABLE asset_links (
    source text NOT NULL,
    asset_id text NOT NULL,
    canonical_id text NOT NULL REFERENCES canonical_assets,
    linked_by text NOT NULL CHECK (linked_by IN ('rule', 'symbol_and_name', 'itself')),
    linked_at timestamptz(3) NOT NULL,
    symbol text,
    name text,
    PRIMARY KEY (source, asset_id),
    UNIQUE (canonical_id, source)
  )`,
  `CREATE TABLE etl_quarantine (
    source text NOT NULL,
    run_id bigint NOT NULL,
    record_id text NOT NULL,
    place text NOT NULL,
    reason text NOT NULL,
    payload text NOT NULL,
    quarantined_at timestamptz(3) NOT NULL,
    PRIMARY KEY (source, record_id, run_id)
  )`,
];
