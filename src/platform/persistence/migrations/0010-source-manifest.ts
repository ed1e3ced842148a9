import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The local archive of manifests. The patient is in columns of its own, so that the content names no one. */
export class SourceManifest1700000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE source_manifest (
        kos_sop_instance_uid varchar(64) PRIMARY KEY,
        study_instance_uid varchar(64) NOT NULL,
        status text NOT NULL CHECK (status IN ('current', 'replaced', 'withdrawn')),
        created_at timestamptz NOT NULL DEFAULT now(),
        replaced_at timestamptz,
        withdrawn_at timestamptz,
        patient_matricule text NOT NULL,
        patient_oid text NOT NULL,
        patient jsonb NOT NULL,
        content jsonb NOT NULL,
        raw bytea NOT NULL,
        sha256 varchar(64) NOT NULL,
        accession_numbers text[] NOT NULL DEFAULT '{}',
        cda_ids text[] NOT NULL DEFAULT '{}',
        pacs_id text,
        publication_context jsonb
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX source_manifest_one_current ON source_manifest (study_instance_uid) WHERE status = 'current'`,
    );
    await runner.query('CREATE INDEX source_manifest_study ON source_manifest (study_instance_uid, created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE source_manifest');
  }
}
