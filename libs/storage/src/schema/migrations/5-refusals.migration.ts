import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which symbols a source refuses, for the whole fleet; and calls of a fetch that were answered for a part of its tickers. */
export class Refusals1764000000000 implements MigrationInterface {
  readonly name = 'Refusals1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('What was learnt of a source is not forgotten: restore a backup instead.');
  }
}

const STATEMENTS = [
  // A symbol without a time of its next try is suspect: it was refused together with those of its group, which bears the name of one.
  `CREATE TABLE refused_symbols (
    source_id smallint NOT NULL REFERENCES sources,
    source_symbol text NOT NULL,
    since timestamptz(3) NOT NULL,
    last_tried_at timestamptz(3) NOT NULL,
    next_try_at timestamptz(3),
    suspect_group text,
    detail text NOT NULL,
    PRIMARY KEY (source_id, source_symbol),
    CHECK ((next_try_at IS NULL) = (suspect_group IS NOT NULL))
  )`,
  // A call that was answered, for some of the tickers of a fetch, has no error.
  `ALTER TABLE fetch_attempts ALTER COLUMN error_kind DROP NOT NULL`,
];
