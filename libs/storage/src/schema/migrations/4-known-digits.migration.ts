import type { MigrationInterface, QueryRunner } from 'typeorm';
import { FORMER_RULES_UNTIL } from '../former-rules.js';

/**
 * Keeps until when prices may have been calculated by the rules of before, so that `verify` judges each by those of its time. A day
 * longer than now: builds of before may run on while the processes are replaced one by one. An empty database has none of their prices.
 */
export class KnownDigits1763900000000 implements MigrationInterface {
  readonly name = 'KnownDigits1763900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `INSERT INTO settings (key, value)
       SELECT '${FORMER_RULES_UNTIL}', to_jsonb(clock_timestamp() + interval '1 day') WHERE EXISTS (SELECT 1 FROM samples)
       ON CONFLICT DO NOTHING`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM settings WHERE key = '${FORMER_RULES_UNTIL}'`);
  }
}
