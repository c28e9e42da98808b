import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How fast symbols that a source refuses are tried again: no faster than its limit leaves room for. */
export class TryPace1764400000000 implements MigrationInterface {
  readonly name = 'TryPace1764400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Null: none was tried yet.
    await queryRunner.query('ALTER TABLE source_states ADD COLUMN tries_from timestamptz(3)');
  }

  async down(): Promise<void> {
    throw new Error('What was collected is not thrown away: restore a backup instead.');
  }
}
