import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Renames private words to standard terms: circuit breaker, source symbol. */
export class Words1763800000000 implements MigrationInterface {
  readonly name = 'Words1763800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of RENAMES) await queryRunner.query(statement);
    const months = await queryRunner.manager.query<{ readonly name: string }[]>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'samples'::regclass ORDER BY 1`,
    );
    for (const { name } of months) await renameReasonsIn(queryRunner, name);
    for (const statement of SMALL_TABLES) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Builds before this one do not run on the renamed columns: restore a backup instead.');
  }
}

const RENAMES = [
  `ALTER TABLE ticker_sources RENAME COLUMN source_name TO source_symbol`,
  `ALTER TABLE source_states RENAME COLUMN benched_until TO circuit_open_until`,
  `ALTER TABLE source_states RENAME COLUMN bench_reason TO circuit_reason`,
  `ALTER TABLE source_states RENAME COLUMN benches TO circuit_openings`,
];

/** As in the partial index on samples without a price, so that accepted ones are not read. */
const IS_BENCHED = `outcome <> 'accepted' AND reason = 'benched'`;

/** The record of a median says why each source was left out. */
const RENAME_IN_CONSENSUS = `
  SET consensus = replace(consensus::text, '"reason": "benched"', '"reason": "circuit_open"')::jsonb
  WHERE consensus -> 'left_out' @> '[{"reason": "benched"}]'`;

const SMALL_TABLES = [
  `UPDATE sample_revisions SET reason = 'circuit_open' WHERE reason = 'benched'`,
  `UPDATE latest ${RENAME_IN_CONSENSUS}`,
  `UPDATE price_revisions ${RENAME_IN_CONSENSUS}`,
];

/**
 * Renames the reason in one partition of samples and in the records of the medians of its slots. Nothing finds those records by what
 * they say, and years of prices take long to read: they are found by the samples, which are kept as long as prices are. With the bounds
 * as literals only the partitions of prices in which these slots are get planned. A sample that came after the price was decided takes
 * the place of a missed one: the record of such a price keeps the old word.
 */
async function renameReasonsIn(queryRunner: QueryRunner, partition: string): Promise<void> {
  const [found] = await queryRunner.manager.query<{ readonly first: string | null; readonly last: string | null }[]>(
    `SELECT min(slot) AS first, max(slot) AS last FROM ${partition} WHERE ${IS_BENCHED}`,
  );
  if (found === undefined || found.first === null) return;
  await queryRunner.query(
    `UPDATE prices ${RENAME_IN_CONSENSUS}
       AND slot BETWEEN ${found.first} AND ${found.last}
       AND (ticker_id, slot) IN (SELECT ticker_id, slot FROM ${partition} WHERE ${IS_BENCHED})`,
  );
  await queryRunner.query(`UPDATE ${partition} SET reason = 'circuit_open' WHERE ${IS_BENCHED}`);
}
