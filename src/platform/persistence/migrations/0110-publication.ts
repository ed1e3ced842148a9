import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Publications: one row for each event of a study, its history, and the rejection notes that the PACS sent. */
export class Publication1700000110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE publication (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        study_instance_uid varchar(64) NOT NULL,
        kind text NOT NULL CHECK (kind IN ('initial', 'replacement', 'visibility', 'deletion', 'study-change')),
        trigger text NOT NULL CHECK (trigger IN ('report', 'order-message', 'rejection-note')),
        state text NOT NULL CHECK (state IN ('received', 'waiting-for-images', 'to-publish', 'publishing', 'published',
          'replaced', 'withdrawn', 'refused', 'dead')),
        action text CHECK (action IN ('publish', 'replace', 'withdraw')),
        request jsonb NOT NULL,
        accession_numbers text[] NOT NULL DEFAULT '{}',
        search_text text NOT NULL DEFAULT '',
        message_id bigint,
        message_control_id text NOT NULL DEFAULT '',
        correlation_id text NOT NULL,
        received_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        settled_at timestamptz,
        next_attempt_at timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        waits integer NOT NULL DEFAULT 0,
        lease_token uuid,
        lease_until timestamptz,
        counted_instances integer,
        counted_at timestamptz,
        pacs_id text,
        instances integer,
        kos_sop_instance_uid varchar(64),
        kos bytea,
        draft jsonb,
        submission jsonb,
        sent_at timestamptz,
        may_be_registered boolean NOT NULL DEFAULT false,
        reason_code text,
        reason_detail text,
        overtaken_by bigint
      )`);
    await runner.query('ALTER TABLE publication ALTER COLUMN kos SET STORAGE EXTERNAL');
    const active = "state IN ('received', 'waiting-for-images', 'to-publish', 'publishing')";
    await runner.query(`CREATE INDEX publication_due ON publication (next_attempt_at, id) WHERE ${active}`);
    await runner.query(`CREATE INDEX publication_order ON publication (study_instance_uid, id) WHERE ${active}`);
    await runner.query('CREATE INDEX publication_study ON publication (study_instance_uid, id)');
    await runner.query(`CREATE INDEX publication_parked ON publication (state) WHERE state IN ('refused', 'dead')`);
    await runner.query('CREATE INDEX publication_received ON publication (received_at)');
    await runner.query('CREATE INDEX publication_accessions ON publication USING gin (accession_numbers)');
    await runner.query(`
      CREATE TABLE publication_history (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        publication_id bigint NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        from_state text,
        to_state text NOT NULL,
        reason_code text,
        reason_detail text,
        message_id text,
        attempt integer NOT NULL DEFAULT 0,
        actor text
      )`);
    await runner.query('CREATE INDEX publication_history_of ON publication_history (publication_id, id)');
    await runner.query(`
      CREATE TABLE publication_rejection_note (
        sop_instance_uid varchar(64) PRIMARY KEY,
        study_instance_uids text[] NOT NULL,
        title_code text NOT NULL,
        rejected jsonb NOT NULL,
        calling_ae_title text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(
      'CREATE INDEX publication_rejection_note_studies ON publication_rejection_note USING gin (study_instance_uids)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE publication_rejection_note');
    await runner.query('DROP TABLE publication_history');
    await runner.query('DROP TABLE publication');
  }
}
