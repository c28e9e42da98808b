import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The words of the field for what had words of our own: the circuit breaker of a source, and its symbol for a ticker. */
export class Words1763800000000 implements MigrationInterface {
  readonly name = 'Words1763800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Builds before this one do not run on the renamed columns: restore a backup instead.');
  }
}

const STATEMENTS = [
  `ALTER TABLE ticker_sources RENAME COLUMN source_name TO source_symbol`,
  `ALTER TABLE source_states RENAME COLUMN benched_until TO circuit_open_until`,
  `ALTER TABLE source_states RENAME COLUMN bench_reason TO circuit_reason`,
  `ALTER TABLE source_states RENAME COLUMN benches TO circuit_openings`,
  `UPDATE samples SET reason = 'circuit_open' WHERE outcome <> 'accepted' AND reason = 'benched'`,
  `UPDATE sample_revisions SET reason = 'circuit_open' WHERE reason = 'benched'`,
  // The record of a median says why each source was left out.
  ...['prices', 'latest', 'price_revisions'].map(
    (table) =>
      `UPDATE ${table} SET consensus = replace(consensus::text, '"reason": "benched"', '"reason": "circuit_open"')::jsonb
       WHERE consensus -> 'left_out' @> '[{"reason": "benched"}]'`,
  ),
];
