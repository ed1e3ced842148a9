import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Exams whose images are on disk, each with its sealed key: deleting the row makes the files unreadable. */
export class ConsumerKeptExam1700000210000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE consumer_kept_exam (
        id text PRIMARY KEY,
        exam_digest bytea NOT NULL UNIQUE,
        sealed_key bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE consumer_kept_exam_context (
        exam_id text NOT NULL REFERENCES consumer_kept_exam (id) ON DELETE CASCADE,
        context_id text NOT NULL,
        PRIMARY KEY (exam_id, context_id)
      )`);
    await runner.query('CREATE INDEX consumer_kept_exam_by_context ON consumer_kept_exam_context (context_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consumer_kept_exam_context');
    await runner.query('DROP TABLE consumer_kept_exam');
  }
}
