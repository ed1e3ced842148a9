import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which gateway process does an import or keeps an exam: what a dead one left is taken over, what a living one does is left alone. */
export class ConsumerProcess1700000230000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE consumer_process (
        id text PRIMARY KEY,
        started_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`ALTER TABLE consumer_transfer ADD COLUMN owner text, ADD COLUMN exam_id text`);
    await runner.query('ALTER TABLE consumer_transfer_object ADD COLUMN converted_to text');
    // The cache can be filled again: rows without an owner say nothing that is needed.
    await runner.query('DELETE FROM consumer_kept_exam');
    await runner.query(`
      ALTER TABLE consumer_kept_exam
        DROP CONSTRAINT consumer_kept_exam_exam_digest_key,
        ADD COLUMN owner text NOT NULL,
        ADD COLUMN folder text NOT NULL,
        ADD UNIQUE (owner, exam_digest)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM consumer_kept_exam');
    await runner.query(`
      ALTER TABLE consumer_kept_exam DROP COLUMN owner, DROP COLUMN folder, ADD UNIQUE (exam_digest)`);
    await runner.query('ALTER TABLE consumer_transfer_object DROP COLUMN converted_to');
    await runner.query('ALTER TABLE consumer_transfer DROP COLUMN owner, DROP COLUMN exam_id');
    await runner.query('DROP TABLE consumer_process');
  }
}
