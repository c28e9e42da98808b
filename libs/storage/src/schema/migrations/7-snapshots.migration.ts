import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far the files of snapshots are written. */
export class Snapshots1764200000000 implements MigrationInterface {
  readonly name = 'Snapshots1764200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // One row for the whole fleet, whose lock is the claim to the next minute.
    await queryRunner.query(`CREATE TABLE snapshot_progress (
      id boolean PRIMARY KEY DEFAULT true CHECK (id),
      written_to bigint NOT NULL CHECK (written_to % 60 = 0)
    )`);
  }

  async down(): Promise<void> {
    throw new Error('What is written would be written again: restore a backup instead.');
  }
}
