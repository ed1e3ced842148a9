import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Imports into the local PACS, and what became of each object. No identity: the patient is known by the context only. */
export class ConsumerTransfer1700000211000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE consumer_transfer (
        id text PRIMARY KEY,
        context_id text NOT NULL,
        login_digest bytea NOT NULL,
        study_instance_uid text NOT NULL,
        manifest_uid text NOT NULL,
        pacs_id text NOT NULL,
        state text NOT NULL,
        error_code text,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz
      )`);
    await runner.query('CREATE INDEX consumer_transfer_by_context ON consumer_transfer (context_id, created_at DESC)');
    await runner.query(`
      CREATE TABLE consumer_transfer_object (
        transfer_id text NOT NULL REFERENCES consumer_transfer (id) ON DELETE CASCADE,
        sop_instance_uid text NOT NULL,
        series_instance_uid text NOT NULL,
        result text NOT NULL DEFAULT 'waiting',
        status integer,
        error_code text,
        PRIMARY KEY (transfer_id, sop_instance_uid)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consumer_transfer_object');
    await runner.query('DROP TABLE consumer_transfer');
  }
}
