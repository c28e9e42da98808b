import type { MigrationInterface, QueryRunner } from 'typeorm';
import { FORMER_RULES_UNTIL } from '../former-rules.js';

/**
 * How well a price is known that converts others, and how well it was known when it did. Nothing where that is half a unit of its last
 * digit, as it was taken to be of every price before.
 */
export class RateUncertainty1764100000000 implements MigrationInterface {
  readonly name = 'RateUncertainty1764100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('How well a rate was known is not forgotten: restore a backup instead.');
  }
}

const STATEMENTS = [
  // Without a check, which would be held against every row of years while nobody may write. In the order in which a store writes: in
  // another one the stores under way and this would wait for each other.
  `ALTER TABLE samples ADD COLUMN rate_uncertainty numeric`,
  `ALTER TABLE sample_revisions ADD COLUMN rate_uncertainty numeric`,
  `ALTER TABLE prices ADD COLUMN uncertainty numeric`,
  `ALTER TABLE price_revisions ADD COLUMN uncertainty numeric`,
  `INSERT INTO settings (key, value)
   SELECT '${FORMER_RULES_UNTIL}', to_jsonb(clock_timestamp() + interval '1 day') WHERE EXISTS (SELECT 1 FROM samples)
   ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
];
