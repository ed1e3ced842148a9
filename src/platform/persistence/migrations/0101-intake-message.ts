import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Messages received from the RIS, and the requests made of them while no publication takes them. */
export class IntakeMessage1700000101000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE intake_message (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        received_at timestamptz NOT NULL,
        sending_application text NOT NULL,
        sending_facility text NOT NULL,
        message_control_id text NOT NULL,
        content_sha256 bytea NOT NULL,
        message_type text NOT NULL,
        kind text,
        outcome text NOT NULL CHECK (outcome IN ('accepted', 'not-for-dmp', 'refused')),
        error_code text,
        error_detail text,
        warnings jsonb NOT NULL DEFAULT '[]',
        study_instance_uids text[] NOT NULL DEFAULT '{}',
        address text NOT NULL,
        peer text,
        correlation_id text NOT NULL,
        raw bytea NOT NULL,
        acknowledgement bytea NOT NULL,
        repeats integer NOT NULL DEFAULT 0,
        repeated_at timestamptz
      )`);
    // Base64 does not shrink: compressing each message costs more than the message itself.
    await runner.query('ALTER TABLE intake_message ALTER COLUMN raw SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE UNIQUE INDEX intake_message_once ON intake_message
        (sending_application, sending_facility, message_control_id, content_sha256) WHERE outcome <> 'refused'`);
    await runner.query('CREATE INDEX intake_message_received ON intake_message (received_at)');
    await runner.query('CREATE INDEX intake_message_studies ON intake_message USING gin (study_instance_uids)');
    await runner.query(`
      CREATE TABLE intake_request (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message_id bigint NOT NULL REFERENCES intake_message (id),
        kind text NOT NULL,
        request jsonb NOT NULL,
        taken_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE intake_request');
    await runner.query('DROP TABLE intake_message');
  }
}
