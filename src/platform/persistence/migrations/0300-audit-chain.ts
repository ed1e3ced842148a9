import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The chain over the trail (docs/adr/0007): each line's place and hash, the signed periods, the archives that took periods
 * away. All of it only grows; lines leave the trail only when a signed archive names them.
 */
export class AuditChain1700000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...tables, ...guards, ...journalIndexes]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of ['professional', 'patient_line', 'study', 'kind', 'correlation', 'error'])
      await runner.query(`DROP INDEX audit_record_${name}`);
    await runner.query(
      'CREATE INDEX audit_record_patient ON audit_record (patient_matricule) WHERE patient_matricule IS NOT NULL',
    );
    await runner.query('DROP FUNCTION audit_remove_archived');
    await runner.query('DROP TRIGGER audit_record_no_delete ON audit_record');
    await runner.query('DROP TRIGGER audit_record_no_truncate ON audit_record');
    for (const table of ['chain_state', 'archive', 'seal', 'chain', 'key'])
      await runner.query(`DROP TABLE audit_${table}`);
    await runner.query('DROP FUNCTION audit_archived_only');
  }
}

const tables = [
  `CREATE TABLE audit_chain (
    sequence bigint PRIMARY KEY CHECK (sequence > 0),
    record_id bigint NOT NULL UNIQUE,
    chained_at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
  )`,
  `CREATE TABLE audit_key (
    key_id text PRIMARY KEY,
    public_key text NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE audit_seal (
    number bigint PRIMARY KEY CHECK (number > 0),
    from_sequence bigint NOT NULL,
    to_sequence bigint NOT NULL CHECK (to_sequence >= from_sequence),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    head_hash bytea NOT NULL,
    previous_hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
  )`,
  `CREATE TABLE audit_archive (
    number bigint PRIMARY KEY CHECK (number > 0),
    from_seal bigint NOT NULL,
    to_seal bigint NOT NULL CHECK (to_seal >= from_seal),
    from_sequence bigint NOT NULL,
    to_sequence bigint NOT NULL CHECK (to_sequence >= from_sequence),
    head_hash bytea NOT NULL,
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    archived_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
  )`,
  // Where the sealer looks for lines: below settled_id everything that will ever be is chained.
  `CREATE TABLE audit_chain_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    settled_id bigint NOT NULL DEFAULT 0,
    candidate_id bigint,
    candidate_xmax numeric,
    candidate_at timestamptz
  )`,
  'INSERT INTO audit_chain_state DEFAULT VALUES',
];

const appendOnly = ['chain', 'seal', 'archive', 'key'];
const guards = [
  `CREATE FUNCTION audit_archived_only() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE place bigint;
    BEGIN
      IF TG_TABLE_NAME = 'audit_chain' THEN place := OLD.sequence;
      ELSE SELECT sequence INTO place FROM audit_chain WHERE record_id = OLD.id; END IF;
      IF place IS NULL OR place > (SELECT coalesce(max(to_sequence), 0) FROM audit_archive) THEN
        RAISE EXCEPTION 'the audit trail is append-only';
      END IF;
      RETURN OLD;
    END $$`,
  `CREATE TRIGGER audit_record_no_delete BEFORE DELETE ON audit_record FOR EACH ROW EXECUTE FUNCTION audit_archived_only()`,
  `CREATE TRIGGER audit_chain_no_delete BEFORE DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION audit_archived_only()`,
  `CREATE TRIGGER audit_record_no_truncate BEFORE TRUNCATE ON audit_record EXECUTE FUNCTION audit_record_append_only()`,
  ...appendOnly.flatMap((table) => [
    `CREATE TRIGGER audit_${table}_no_truncate BEFORE TRUNCATE ON audit_${table} EXECUTE FUNCTION audit_record_append_only()`,
    `CREATE TRIGGER audit_${table}_no_update BEFORE UPDATE ON audit_${table}
       FOR EACH ROW EXECUTE FUNCTION audit_record_append_only()`,
  ]),
  ...['seal', 'archive', 'key'].map(
    (table) => `CREATE TRIGGER audit_${table}_no_delete BEFORE DELETE ON audit_${table}
       FOR EACH ROW EXECUTE FUNCTION audit_record_append_only()`,
  ),
  // With the rights of its owner: the gateway's own user needs no DELETE on the trail (docs/runbook/audit-trail.md).
  `CREATE FUNCTION audit_remove_archived(lines_max integer) RETURNS integer
     LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE through bigint; removed integer;
    BEGIN
      SELECT coalesce(max(to_sequence), 0) INTO through FROM audit_archive;
      WITH oldest AS (SELECT sequence, record_id FROM audit_chain WHERE sequence <= through ORDER BY sequence LIMIT lines_max)
        DELETE FROM audit_record WHERE id IN (SELECT record_id FROM oldest);
      WITH oldest AS (SELECT sequence FROM audit_chain WHERE sequence <= through ORDER BY sequence LIMIT lines_max)
        DELETE FROM audit_chain WHERE sequence IN (SELECT sequence FROM oldest);
      GET DIAGNOSTICS removed = ROW_COUNT;
      RETURN removed;
    END $$`,
  // Function owners' rights with somebody else's search path would be a way in.
  `DO $$ BEGIN EXECUTE format('ALTER FUNCTION audit_remove_archived(integer) SET search_path = %I, pg_temp', current_schema()); END $$`,
  'REVOKE ALL ON FUNCTION audit_remove_archived(integer) FROM PUBLIC',
];

/** Searches of the journal read newest first, so each index ends with the line's number. */
const journalIndexes = [
  'DROP INDEX audit_record_patient',
  `CREATE INDEX audit_record_patient_line ON audit_record (patient_matricule, id) WHERE patient_matricule IS NOT NULL`,
  `CREATE INDEX audit_record_professional ON audit_record ((actor->>'professionalId'), id)
     WHERE actor->>'professionalId' IS NOT NULL`,
  `CREATE INDEX audit_record_study ON audit_record (study_instance_uid, id) WHERE study_instance_uid IS NOT NULL`,
  'CREATE INDEX audit_record_kind ON audit_record (kind, id)',
  'CREATE INDEX audit_record_correlation ON audit_record (correlation_id, id) WHERE correlation_id IS NOT NULL',
  'CREATE INDEX audit_record_error ON audit_record (error_code, id) WHERE error_code IS NOT NULL',
];
