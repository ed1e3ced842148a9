import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Patients opened by contextual calls, sealed; and manifests that a professional brought as a file. */
export class ConsumerContext1700000201000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE consumer_context (
        id text PRIMARY KEY,
        address_digest bytea UNIQUE,
        browser_digest bytea,
        login_digest bytea,
        received_at timestamptz NOT NULL DEFAULT now(),
        opened_at timestamptz,
        ends_at timestamptz NOT NULL,
        situation_id text,
        sealed bytea NOT NULL
      )`);
    await runner.query('CREATE INDEX consumer_context_end ON consumer_context (ends_at)');
    await runner.query('CREATE INDEX consumer_context_login ON consumer_context (login_digest)');
    await runner.query(`
      CREATE TABLE consumer_upload (
        context_id text NOT NULL REFERENCES consumer_context (id) ON DELETE CASCADE,
        document_digest bytea NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        sealed bytea NOT NULL,
        PRIMARY KEY (context_id, document_digest)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consumer_upload');
    await runner.query('DROP TABLE consumer_context');
  }
}
