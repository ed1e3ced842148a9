import { AuditEvent } from './audit-event';

/** One event with what the trail adds to it. */
export interface AuditRow {
  readonly at: Date;
  readonly correlationId: string | undefined;
  readonly event: AuditEvent;
}

/**
 * Inserts any number of records, in their order, given as one JSON array. The text never changes, so that the database parses
 * and plans it once for each connection; and one statement is its own transaction.
 */
export const insertRecords = {
  name: 'audit-insert-records',
  text: `INSERT INTO audit_record (at, kind, outcome, correlation_id, actor, patient_matricule, patient_oid,
      study_instance_uid, document_unique_id, instances, bytes, duration_ms, error_code, facts)
    SELECT at, kind, outcome, correlation_id, actor, patient_matricule, patient_oid,
      study_instance_uid, document_unique_id, instances, bytes, duration_ms, error_code, facts
    FROM json_to_recordset($1::json) AS record (at timestamptz, kind text, outcome text, correlation_id text, actor jsonb,
      patient_matricule text, patient_oid text, study_instance_uid text, document_unique_id text, instances integer,
      bytes bigint, duration_ms integer, error_code text, facts jsonb)`,
} as const;

/** The parameter of `insertRecords`. */
export function recordsJson(rows: readonly AuditRow[]): string {
  const text = JSON.stringify(rows.map(columnsOf));
  // JSON escapes what PostgreSQL refuses in a text: a NUL, half of a surrogate pair. Rare: looked for, not searched in each value.
  return /\\u(0000|d[89a-f])/.test(text) ? JSON.stringify(rows.map(columnsOf), storable) : text;
}

function columnsOf({ at, correlationId, event }: AuditRow): Record<string, unknown> {
  return {
    at,
    kind: event.kind,
    outcome: event.outcome,
    correlation_id: correlationId,
    actor: event.actor,
    patient_matricule: event.patient?.matricule,
    patient_oid: event.patient?.oid,
    study_instance_uid: event.studyInstanceUid,
    document_unique_id: event.documentUniqueId,
    instances: event.instances,
    bytes: event.bytes,
    duration_ms: event.durationMs === undefined ? undefined : Math.round(event.durationMs),
    error_code: event.errorCode,
    facts: event.facts ?? {},
  };
}

/** Values come from certificates, messages and callers: what cannot be stored is replaced, never a reason to lose a record. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value).toString().replaceAll('\0', '\ufffd') : value;
}
