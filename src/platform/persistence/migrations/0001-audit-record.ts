import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The append-only trail. */
export class AuditRecord1700000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_record (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        outcome text NOT NULL,
        correlation_id text,
        actor jsonb NOT NULL,
        patient_matricule text,
        patient_oid text,
        study_instance_uid text,
        document_unique_id text,
        instances integer,
        bytes bigint,
        duration_ms integer,
        error_code text,
        facts jsonb NOT NULL DEFAULT '{}'
      )`);
    await runner.query('CREATE INDEX audit_record_at ON audit_record (at)');
    await runner.query(
      'CREATE INDEX audit_record_patient ON audit_record (patient_matricule) WHERE patient_matricule IS NOT NULL',
    );
    await runner.query(`
      CREATE FUNCTION audit_record_append_only() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$`);
    await runner.query(`
      CREATE TRIGGER audit_record_append_only BEFORE UPDATE ON audit_record
      FOR EACH ROW EXECUTE FUNCTION audit_record_append_only()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_record');
    await runner.query('DROP FUNCTION audit_record_append_only');
  }
}
