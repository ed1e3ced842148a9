import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A manifest may stop being served before the registry has let it go. */
export class SourceManifestServingEnded1700000220000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source_manifest ADD COLUMN serving_ended_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source_manifest DROP COLUMN serving_ended_at');
  }
}
